import type { WeightMap } from "../import/foreign_model.js";
import type { Model } from "../model.js";
import type { StateDict } from "./read.js";
import { edgemlMap, edgemlStateDict } from "./edgeml.js";
import { speechrecMap, speechrecStateDict } from "./speechrec.js";

/** Writes the weights of some networks under PyTorch's names. */
export interface StateDictWriter {
  /** Architectures of the zoo. */
  readonly architectures: readonly string[];
  /** Entries in PyTorch's order; all weights are f32. */
  readonly stateDict: (architecture: string, model: Pick<Model, "graph" | "parameters" | "training">) => StateDict;
}

/** Networks whose weights are read under PyTorch's names. */
export const pytorchMaps: readonly WeightMap[] = [speechrecMap, edgemlMap];

/** Networks whose weights are written so. */
export const stateDictWriters: readonly StateDictWriter[] = [
  { architectures: speechrecMap.architectures, stateDict: speechrecStateDict },
  { architectures: edgemlMap.architectures, stateDict: edgemlStateDict },
];
