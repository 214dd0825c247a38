import type * as v from "valibot";
import type { FrontendDescription } from "../frontend/frontend.js";
import type { Graph } from "../graph/types.js";

/** What a model is built for. */
export interface ModelShape {
  /** Feature vectors of a clip. */
  readonly frames: number;
  /** Values of a feature vector. */
  readonly features: number;
  /** Labels to tell apart. */
  readonly labels: number;
}

/** Options of a model by name, before they are checked. */
export type ModelOptions = Readonly<Record<string, unknown>>;

/** Schema of a model's options: every option has a default. */
export type OptionsSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/** An architecture: a function from options and shape to a graph. */
export interface Architecture<Schema extends OptionsSchema = OptionsSchema> {
  /** "hello_edge/ds_cnn". */
  readonly name: string;
  /** Where the architecture was published. */
  readonly family: "hello_edge" | "kws_streaming" | "edgeml" | "speechrec" | "mlperf_tiny" | "micro_wake_word" | "earshot";
  /** One paragraph: layers, source. */
  readonly documentation: string;
  /** Options with their defaults. */
  readonly schema: Schema;
  /** Builds the graph: input "features" f32[1, frames, features], output "logits" f32[1, labels]. */
  build(options: v.InferOutput<Schema>, shape: ModelShape): Graph;
}

/** What a publication says about a model, as printed. */
export interface PublishedFigures {
  readonly source: string;
  /** Per cent, on the labels of the published shape; which data: see the source. Empty where none is published. */
  readonly accuracy: string;
  readonly parameters?: string;
  /** Hello Edge's count of memory in units of 1000 bytes. */
  readonly memory?: string;
  /** Hello Edge's count of operations. */
  readonly operations?: string;
}

/** An architecture with options chosen: what a user names. */
export interface ZooModel {
  /** "ds_cnn_s". */
  readonly name: string;
  /** Name of the architecture. */
  readonly architecture: string;
  readonly family: Architecture["family"];
  /** One line for lists. */
  readonly documentation: string;
  /** Options that differ from the architecture's defaults. */
  readonly options: ModelOptions;
  /** Front end of the published training. */
  readonly frontend: FrontendDescription;
  /** Samples of a clip; a second where missing. */
  readonly samples?: number;
  /** Shape of the published model: one second at 16 kHz, its labels. */
  readonly shape: ModelShape;
  readonly published: PublishedFigures;
}
