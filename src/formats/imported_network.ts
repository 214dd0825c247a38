import type { FrontendDescription } from "../frontend/frontend.js";
import type { ModelOptions, ModelShape } from "../zoo/model.js";

/** A network of the zoo with weights from a file of another tool. */
export interface ImportedNetwork {
  /** Name of an architecture or a model of the zoo. */
  readonly network: string;
  /** Options that differ from what the name stands for. */
  readonly options: ModelOptions;
  readonly shape: ModelShape;
  /** Values of the graph's parameters by name. */
  readonly parameters: Map<string, Float32Array>;
  /** Front end, where the file has it inside. */
  readonly frontend?: FrontendDescription;
  /** Samples of a clip, where the file says so. */
  readonly samples?: number;
}
