import { join } from "node:path";
import { UserError } from "../base/errors.js";
import type { FileLayer } from "../base/file_layer.js";
import { systemCode } from "../base/system_error.js";
import type { Json } from "../formats/model.js";
import { loadModel, saveModel } from "../formats/model_file.js";
import type { Assembly } from "./assemble.js";
import type { Checkpoint, Origin, TrainingState } from "./checkpoint.js";
import { loadNewestCheckpoint, saveCheckpoint } from "./checkpoint.js";
import type { Recipe } from "./recipe.js";
import { appendRecord, type MetricsRecord, runFiles, truncateLog } from "./run_folder.js";
import { trainedModel } from "./trained_model.js";

type Values = ReadonlyMap<string, Float32Array>;

/** What a writer needs to know of its run. */
export interface WrittenRun {
  readonly folder: string;
  readonly recipe: Recipe;
  readonly assembly: Assembly;
  readonly origin: Origin;
  readonly files: FileLayer;
}

/**
 * Writes what a training reaches: log, models and checkpoints. A checkpoint holds the best model too, so that best.safetensors always can be
 * made to fit it. Where the disk fails, the error says how the training can go on.
 */
export class RunWriter {
  readonly #run: WrittenRun;
  readonly #path: (name: string) => string;
  /** The best model's parameters and buffers, and its step. */
  #best: { step: number; values: Values } | undefined;

  constructor(run: WrittenRun) {
    this.#run = run;
    this.#path = (name) => join(run.folder, name);
  }

  /**
   * Begins where a checkpoint stands, or at the first step: cuts the log back to it, and writes best.safetensors anew where it is not the
   * one that belongs to the checkpoint.
   */
  async goOn(checkpoint: Checkpoint | undefined): Promise<void> {
    await this.#trying(() => truncateLog(this.#run.folder, checkpoint?.state.step ?? 0, this.#run.files));
    if (checkpoint === undefined) return;
    const { state, tensors, best, origin } = checkpoint;
    if (state.bestStep === 0) return;
    const from = best ?? tensors;
    this.#best = { step: state.bestStep, values: this.#copy(from) };
    if (await this.#hasBest(this.#best)) return;
    await this.#trying(() => this.#model(runFiles.best, from, { ...state, step: state.bestStep }, origin));
  }

  async #hasBest({ step, values }: { step: number; values: Values }): Promise<boolean> {
    const found = await loadModel(this.#path(runFiles.best)).catch(() => undefined);
    if (found === undefined || found.training["steps"] !== step) return false;
    return [...values].every(([name, data]) => sameBits(found.parameters.get(name) as Float32Array | undefined, data));
  }

  /** The network's own parameters and buffers, without the optimizer's slots. */
  #copy(values: Values): Values {
    const { parameters } = this.#run.assembly.graph;
    return new Map(parameters.map(({ name }) => [name, (values.get(name) as Float32Array).slice()]));
  }

  /** Appends a line to the log. */
  async log(record: MetricsRecord, lasting: boolean): Promise<void> {
    await this.#trying(() => appendRecord(this.#run.folder, record, lasting, this.#run.files));
  }

  /** Writes the model as it is now as the best one. */
  async best(values: Values, state: TrainingState): Promise<void> {
    this.#best = { step: state.step, values: this.#copy(values) };
    await this.#trying(() => this.#model(runFiles.best, values, state, this.#run.origin));
  }

  /** Writes the model as it is now as the last one. */
  async last(values: Values, state: TrainingState): Promise<void> {
    await this.#trying(() => this.#model(runFiles.last, values, state, this.#run.origin));
  }

  /** @param tensors everything that is carried from step to step */
  async checkpoint(tensors: Values, state: TrainingState): Promise<void> {
    const { folder, recipe, origin, files } = this.#run;
    const best = this.#best === undefined || this.#best.step === state.step ? undefined : this.#best.values;
    await this.#trying(() => saveCheckpoint(folder, { state: { ...state }, origin, recipe, tensors, best }, files));
  }

  async #model(file: string, values: Values, state: TrainingState, origin: Origin): Promise<void> {
    const { step, bestAccuracy, bestStep } = state;
    // Neither threads nor machine: files of equal results are equal.
    const summary: Record<string, Json> = { steps: step, target: origin.target, version: origin.version };
    if (bestAccuracy >= 0) Object.assign(summary, { validationAccuracy: bestAccuracy, bestStep });
    const valueOf = (name: string): Float32Array => values.get(name) as Float32Array;
    const { assembly, recipe, files } = this.#run;
    await saveModel(this.#path(file), trainedModel(assembly, recipe, valueOf, summary), files);
  }

  /** @throws UserError that also says what is kept and how to go on, where the system refused a file */
  async #trying(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof UserError) || systemCode(error.cause) === undefined) throw error;
      const { checkpoint } = await loadNewestCheckpoint(this.#run.folder).catch(() => ({ checkpoint: undefined }));
      const kept =
        checkpoint === undefined ? "no checkpoint was written yet" : `the checkpoint of step ${checkpoint.state.step} is kept`;
      throw new UserError(`${error.message}, then go on with --resume ${this.#run.folder} (${kept})`, { cause: error.cause });
    }
  }
}

function sameBits(a: Float32Array | undefined, b: Float32Array): boolean {
  if (a?.length !== b.length) return false;
  const bytes = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return bytes(a).equals(bytes(b));
}
