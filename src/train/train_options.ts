import type { FileLayer } from "../base/file_layer.js";
import type { Model } from "../formats/model.js";
import type { ValidationFigures } from "./validation.js";

/** How a training is run. Nothing here changes its result, except for what computes it. */
export interface TrainOptions {
  /** Folder of the run. */
  out: string;
  /** Loader threads, 0 to 3. Default: by the machine. */
  workers?: number | undefined;
  /** Threads of the step. Default: what the loader leaves. */
  threads?: number | undefined;
  /** Whether kernels are timed, which costs a little. Default false. */
  profile?: boolean | undefined;
  /** Bytes that the loader may take. Default 1 GiB. */
  loaderMemory?: number | undefined;
  /** What computes. Default "auto": native where there is a compiler, else wasm. */
  target?: "oracle" | "wasm" | "native" | "auto" | undefined;
  /** Stops the training after the step at hand; it is saved and can go on. */
  signal?: AbortSignal | undefined;
  /** Whether a live line and notes are written to stderr. Default true. */
  talk?: boolean | undefined;
  /** Told every validation, with the model as it is then; waited for. */
  onValidation?:
    | ((step: number, figures: ValidationFigures, model: () => Model, last: LastStep) => void | Promise<void>)
    | undefined;
  /** Told every step. */
  onStep?: ((step: number, last: LastStep) => void) | undefined;
  /**
   * What to begin with: parameters, buffers and the optimizer's slots of a training of the same network (`Checkpoint.tensors`), and how many
   * updates they have behind them.
   */
  begin?: { readonly tensors: ReadonlyMap<string, Float32Array>; readonly updates: number } | undefined;
  /** What writes the files of the run. Default: the disk; tests let it fail. */
  files?: FileLayer | undefined;
}

/** One step. */
export interface LastStep {
  /** Mean over its batch. */
  readonly loss: number;
  readonly learningRate: number;
}
