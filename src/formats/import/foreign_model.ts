import type { FrontendDescription } from "../../frontend/frontend.js";
import type { Graph, ParameterData } from "../../graph/types.js";
import type { ModelOptions } from "../../zoo/model.js";
import type { ForeignTensors, WeightRow } from "./weights.js";

/** A kind of file that trained weights come in; how tensors are called and laid out follows from it. */
export type ForeignFormat = "pytorch" | "tensorflow_checkpoint" | "tensorflow_graph" | "keras_h5";

/** What a reader finds in a file of another system. What the file does not say is left out. */
export interface ForeignModel {
  readonly format: ForeignFormat;
  readonly tensors: ForeignTensors;
  /** A model or an architecture of the zoo, and its options. */
  readonly network?: { readonly name: string; readonly options: ModelOptions } | undefined;
  readonly frontend?: FrontendDescription | undefined;
  /** One a logit. */
  readonly labels?: readonly string[] | undefined;
  /** Hz. */
  readonly rate?: number | undefined;
  /** Samples of a clip. */
  readonly samples?: number | undefined;
  /** Where names alone do not tell a tensor's place: what takes that of a weight map. */
  readonly placed?: PlacedWeights | undefined;
}

/** Weights that find their places in a network by the order of its layers. */
export interface PlacedWeights {
  /** Width of the last layer. */
  readonly labels: number;
  /**
   * The network of the zoo that has these layers.
   * @throws FormatError where there is none, or several
   */
  readonly recognise: (sound: KnownSound) => RecognisedNetwork;
  /**
   * Values of all parameters of a network.
   * @throws FormatError naming what is missing, left over or of another shape
   */
  readonly place: (graph: Graph, network: string) => Map<string, ParameterData>;
}

/** What is known of the sounds and their features when a network is recognised. */
export interface KnownSound {
  readonly frontend?: FrontendDescription | undefined;
  /** Hz. */
  readonly rate?: number | undefined;
  /** Samples of a clip. */
  readonly samples?: number | undefined;
}

/** Reads files of one kind. */
export interface ForeignReader {
  readonly format: ForeignFormat;
  /** For messages: "a PyTorch state dict (.pth, .pt)". */
  readonly title: string;
  /**
   * Whether a path is of this kind.
   * @param head first bytes of the file; none where the path is a folder or the beginning of several files' names
   */
  readonly recognises: (path: string, head: Uint8Array) => boolean;
  /** @throws UserError, FormatError */
  readonly read: (path: string) => Promise<ForeignModel>;
}

/** How the weights of networks stand in files of one format. */
export interface WeightMap {
  readonly format: ForeignFormat;
  /** Architectures of the zoo whose weights it knows. */
  readonly architectures: readonly string[];
  /**
   * The network that tensors belong to, where their names and shapes tell.
   * @returns its name in the zoo, the options that differ from those of that name, and the number of labels
   */
  readonly recognise?: (tensors: ForeignTensors) => RecognisedNetwork | undefined;
  /** Every parameter of the network's graph; the tensors tell where versions of the original differ. */
  readonly rows: (architecture: string, graph: Graph, tensors: ForeignTensors) => readonly WeightRow[];
  /** Tensors of a training that a network for use does not have. */
  readonly ignored?: (name: string) => boolean;
}

export interface RecognisedNetwork {
  readonly name: string;
  readonly options: ModelOptions;
  readonly labels: number;
}
