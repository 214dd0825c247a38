import { join } from "node:path";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { during } from "../base/activity.js";
import { UserError } from "../base/errors.js";
import { disk } from "../base/file_layer.js";
import { Progress } from "../base/progress.js";
import type { Model } from "../formats/model.js";
import type { Checkpoint, Origin, Skipped, TrainingState } from "./checkpoint.js";
import { loadNewestCheckpoint } from "./checkpoint.js";
import { refuseIdle } from "./idle_options.js";
import { Inference } from "./inference.js";
import type { Loader } from "./loader.js";
import { openLoader } from "./loader.js";
import { isNormalised, normalisation, normalisationOfRows } from "./normalise.js";
import { originNotes } from "./origin_notes.js";
import type { Assembly } from "./assemble.js";
import { assemble } from "./assemble.js";
import { endsPass } from "./passes.js";
import type { PretrainedValues } from "./pretrained.js";
import { pretrainedValues } from "./pretrained.js";
import type { Recipe } from "./recipe.js";
import { noneGood, refuseOther, upToDate } from "./resumption.js";
import { createRun, readRecipe, removeLeftovers, runFiles } from "./run_folder.js";
import { lockRun } from "./run_lock.js";
import { RunWriter } from "./run_writer.js";
import { learningRateAt } from "./schedule.js";
import { originOf, planThreads } from "./threads.js";
import type { ThreadPlan } from "./threads.js";
import { isSparse } from "./sparsify.js";
import type { LastStep, TrainOptions } from "./train_options.js";
import { trainedModel } from "./trained_model.js";
import { Trainer } from "./trainer.js";
import type { TrainingOutcome } from "./training_outcome.js";
import { trainingProfile } from "./training_profile.js";
import type { Validation, ValidationFigures } from "./validation.js";

/** Steps between two lines of the log that are no validation. */
const logEvery = 50;

/**
 * Trains a network by a recipe and writes a run folder.
 * @throws UserError where data cannot be read, the folder is taken, the disk fails or the loss is no number
 */
export async function train(recipe: Recipe, options: TrainOptions): Promise<TrainingOutcome> {
  const assembly = await assemble(recipe, options.target);
  refuseIdle(assembly.idle);
  const pretrained = await pretrainedValues(recipe, assembly.graph, assembly.labels);
  const lock = await createRun(options.out, recipe, options.files);
  try {
    return await new Training(recipe, assembly, options).run({ checkpoint: undefined, skipped: [], pretrained });
  } finally {
    lock.release();
  }
}

/**
 * Goes on with an interrupted training from its newest good checkpoint, or from its beginning where it has none yet; on the same machine,
 * target and version with the same bits as if it had not been interrupted.
 * @param wanted the recipe that the caller has in mind: it must be the run's
 * @throws UserError where the folder is no run, another process trains in it, no checkpoint of several is good, or the disk fails;
 *   UsageError where the wanted recipe, or recipe.json, is not the one that was trained by
 */
export async function resumeTraining(options: TrainOptions, wanted?: Recipe): Promise<TrainingOutcome> {
  const file = join(options.out, runFiles.recipe);
  const recipe = await readRecipe(file);
  const lock = await lockRun(options.out);
  try {
    await removeLeftovers(options.out, options.files);
    const { checkpoint, skipped } = await loadNewestCheckpoint(options.out);
    if (checkpoint === undefined && skipped.length > 0) throw noneGood(options.out, skipped);
    if (wanted !== undefined) refuseOther(options.out, recipe, wanted, "leave these options out");
    if (checkpoint !== undefined) refuseOther(file, upToDate(checkpoint.recipe), recipe, "put them back");
    const assembly = await assemble(recipe, options.target);
    const pretrained = checkpoint === undefined ? await pretrainedValues(recipe, assembly.graph, assembly.labels) : undefined;
    return await new Training(recipe, assembly, options).run({ checkpoint, skipped, pretrained });
  } finally {
    lock.release();
  }
}

const atFirst: TrainingState = {
  step: 0,
  bestAccuracy: -1,
  bestLoss: null,
  bestStep: 0,
  worse: 0,
  lossSum: 0,
  correct: 0,
  examples: 0,
  summedSteps: 0,
};

/** From where a training goes on: a checkpoint, or the values of a pretrained model, or nothing. */
interface Beginning {
  readonly checkpoint: Checkpoint | undefined;
  readonly skipped: readonly Skipped[];
  readonly pretrained: PretrainedValues | undefined;
}

/** What one training works with. */
interface Parts {
  readonly trainer: Trainer;
  readonly network: Inference;
  readonly validation: Validation | undefined;
  readonly loader: Loader;
  readonly writer: RunWriter;
}

/** One call of train or resume. */
class Training {
  readonly #recipe: Recipe;
  readonly #assembly: Assembly;
  readonly #options: TrainOptions;
  readonly #notes: string[] = [];
  readonly #plan: ThreadPlan;
  #state: TrainingState = { ...atFirst };
  #progress: Progress;

  constructor(recipe: Recipe, assembly: Assembly, options: TrainOptions) {
    this.#recipe = recipe;
    this.#assembly = assembly;
    this.#options = options;
    this.#plan = planThreads(options.workers, options.threads);
    this.#progress = new Progress("training", recipe.steps, "steps", false);
  }

  async run(beginning: Beginning): Promise<TrainingOutcome> {
    const { graph, plan, trainingGraph, passes } = this.#assembly;
    const target = this.#options.target ?? "auto";
    const { threads, workers, takeTurns } = this.#plan;
    const { profile = false } = this.#options;
    const opened: { close(): unknown }[] = [];
    const keep = <T extends { close(): unknown }>(resource: T): T => (opened.push(resource), resource);
    try {
      const trainer = keep(
        await this.#compiling("training step", () =>
          Trainer.open(trainingGraph ?? graph, this.#recipe, { target, threads, profile, rolling: trainingGraph && passes }),
        ),
      );
      if (profile && trainer.target === "wasm" && threads > 1) this.#notes.push("timed kernels of WebAssembly run on one thread");
      else if (trainer.target === "wasm" && trainer.threads < threads)
        this.#notes.push("this process may not start threads that share memory: the step runs on one");
      const computing = { target: trainer.target, threads: trainer.threads };
      const network = keep(await this.#compiling("network", () => Inference.open(graph, computing)));
      const { validation } = keep(await this.#assembly.openValidation(trainer.target));
      const origin = originOf(trainer.target, trainer.threads, this.#assembly.dataIdentity);
      const { out: folder, files = disk } = this.#options;
      const writer = new RunWriter({ folder, recipe: this.#recipe, assembly: this.#assembly, origin, files });
      await this.#begin(trainer, writer, beginning, origin);
      const from = this.#state.step;
      const live = (this.#options.talk ?? true) && process.stderr.isTTY === true;
      this.#progress = new Progress("training", this.#recipe.steps - from, "steps", live);
      for (const note of this.#notes) this.#say(note);
      const making = { workers, takeTurns, memory: this.#options.loaderMemory, profile };
      const loader = keep(await openLoader({ ...plan, target: trainer.target }, from + 1, making));
      const start = performance.now();
      const end = await this.#loop({ trainer, network, validation, loader, writer });
      await writer.last(trainer.tensors(), this.#state);
      const seconds = (performance.now() - start) / 1000;
      const { batch } = this.#recipe;
      const sources = { steps: this.#state.step - from, batch, seconds, trainer: trainer.times(), loader: loader.times() };
      const found = profile ? trainingProfile(sources) : null;
      return this.#outcome({ end, origin, loader: loader.memory, profile: found }, from, seconds);
    } finally {
      this.#progress.end();
      for (const resource of opened.toReversed()) await resource.close();
    }
  }

  #outcome(
    known: Pick<TrainingOutcome, "end" | "origin" | "loader" | "profile">,
    from: number,
    seconds: number,
  ): TrainingOutcome {
    const { step, bestAccuracy, bestStep } = this.#state;
    return {
      run: this.#options.out,
      recipe: this.#recipe,
      labels: this.#assembly.labels,
      steps: step,
      bestAccuracy: bestAccuracy < 0 ? null : bestAccuracy,
      bestStep,
      ...this.#assembly.data,
      resumedFrom: from,
      seconds,
      examplesPerSecond: ((step - from) * this.#recipe.batch) / Math.max(seconds, 1e-3),
      ...known,
      measured: this.#assembly.measured,
      notes: this.#notes,
    };
  }

  #say(text: string): void {
    if (this.#options.talk ?? true) this.#progress.note(text);
  }

  /** Opens a program while the progress line says that it is being compiled. */
  #compiling<T>(what: string, open: () => Promise<T>): Promise<T> {
    return (this.#options.talk ?? true) ? during(`compiling the ${what}`, open) : open();
  }

  async #begin(trainer: Trainer, writer: RunWriter, beginning: Beginning, origin: Origin): Promise<void> {
    const { checkpoint, skipped, pretrained } = beginning;
    if (pretrained !== undefined) this.#notes.push(pretrained.note);
    this.#notes.push(...this.#assembly.idle);
    for (const { file, why } of skipped) this.#notes.push(why.startsWith(file) ? `skipped ${why}` : `skipped ${file}: ${why}`);
    trainer.initialize(pretrained?.values ?? (checkpoint === undefined ? await this.#normalisation(trainer) : undefined));
    const { begin } = this.#options;
    if (checkpoint === undefined && begin !== undefined) trainer.restore(begin.tensors, begin.updates);
    if (checkpoint !== undefined) {
      trainer.restore(checkpoint.tensors);
      this.#state = { ...checkpoint.state };
      this.#notes.push(`going on from step ${checkpoint.state.step}`);
      for (const note of originNotes(checkpoint.origin, origin)) this.#notes.push(note);
    }
    await writer.goOn(checkpoint);
  }

  /** What a network that normalises its features takes from the training clips. */
  async #normalisation(trainer: Trainer): Promise<ReadonlyMap<string, Float32Array> | undefined> {
    const { graph, plan } = this.#assembly;
    if (!isNormalised(graph)) return undefined;
    if (this.#recipe.data.every(({ kind }) => kind === "rows")) return normalisationOfRows(plan.sources);
    const { steps, batch } = this.#recipe;
    const [frames, features] = graph.inputs[0].value.type.shape.slice(1);
    const { workers, takeTurns } = this.#plan;
    const making = { workers, takeTurns, memory: this.#options.loaderMemory, profile: false };
    const loader = await openLoader({ ...plan, target: trainer.target }, 1, making);
    try {
      return await normalisation(() => loader.next(), { steps, batch, frames, features });
    } finally {
      await loader.close();
    }
  }

  async #loop(parts: Parts): Promise<TrainingOutcome["end"]> {
    const { trainer, loader, writer } = parts;
    const { steps, schedule, batch, validateEvery, patience } = this.#recipe;
    const { passes } = this.#assembly;
    const state = this.#state;
    const from = state.step;
    const start = performance.now();
    while (state.step < steps) {
      if (patience > 0 && state.worse >= patience) return "patience";
      // Signals and workers' messages are heard between steps.
      await turnOfTheLoop();
      if (this.#options.signal?.aborted === true) {
        await writer.checkpoint(trainer.tensors(), state);
        return "interrupted";
      }
      const examples = await loader.next();
      const step = state.step + 1;
      const rate = learningRateAt(schedule, step, steps);
      const { loss, correct } = trainer.step(examples, rate, step);
      if (!Number.isFinite(loss)) throw divergence(step, rate);
      this.#options.onStep?.(step, { loss, learningRate: rate });
      Object.assign(state, { step, lossSum: state.lossSum + loss, correct: state.correct + correct });
      state.examples += batch;
      state.summedSteps++;
      const perSecond = ((step - from) * batch) / ((performance.now() - start) / 1000);
      this.#progress.update(step - from, this.#detail(perSecond));
      const isDue = validateEvery === 0 ? passes !== undefined && endsPass(passes, step, steps) : step % validateEvery === 0;
      if (isDue || step === steps) await this.#validate(parts, { loss, learningRate: rate });
      else if (step % logEvery === 0) await this.#log(writer, { learningRate: rate });
    }
    return "steps";
  }

  #detail(perSecond: number): string {
    const { lossSum, summedSteps, correct, examples, bestAccuracy } = this.#state;
    const best = bestAccuracy < 0 ? "" : `  best ${(bestAccuracy * 100).toFixed(2)} %`;
    const accuracy = ((100 * correct) / Math.max(1, examples)).toFixed(1);
    return `loss ${(lossSum / Math.max(1, summedSteps)).toFixed(3)}  accuracy ${accuracy} %  ${perSecond.toFixed(0)} examples/s${best}`;
  }

  /** Writes a line of the log and begins new sums. */
  async #log(
    writer: RunWriter,
    figures: { learningRate: number; validationLoss?: number; validationAccuracy?: number },
    beforeCheckpoint = false,
  ): Promise<void> {
    const { step, lossSum, summedSteps, correct, examples } = this.#state;
    const own = summedSteps === 0 ? {} : { loss: lossSum / summedSteps, accuracy: correct / examples };
    await writer.log({ step, ...own, ...figures }, beforeCheckpoint);
    Object.assign(this.#state, { lossSum: 0, summedSteps: 0, correct: 0, examples: 0 });
  }

  async #validate({ trainer, network, validation, writer }: Parts, last: LastStep): Promise<void> {
    const rate = last.learningRate;
    const state = this.#state;
    const trainingLoss = state.lossSum / Math.max(1, state.summedSteps);
    const trainingAccuracy = state.correct / Math.max(1, state.examples);
    if (validation === undefined) {
      await this.#log(writer, { learningRate: rate }, true);
      state.bestStep = state.step;
      await writer.best(trainer.tensors(), state);
    } else {
      network.setParameters((name) => trainer.parameter(name));
      const figures = await validation.run(network);
      await this.#log(writer, { learningRate: rate, validationLoss: figures.loss, validationAccuracy: figures.accuracy }, true);
      await this.#options.onValidation?.(state.step, figures, () => this.#modelNow(trainer, figures), last);
      const better = this.#isBetter(figures);
      if (better) await writer.best(trainer.tensors(), state);
      const trained = `loss ${trainingLoss.toFixed(4)}  accuracy ${(trainingAccuracy * 100).toFixed(2)} %`;
      const mark = better ? "  best so far" : "";
      this.#say(
        `step ${state.step}  ${trained}  validation ${(figures.accuracy * 100).toFixed(2)} % of ${figures.clips} (loss ${figures.loss.toFixed(4)})${mark}`,
      );
    }
    await writer.checkpoint(trainer.tensors(), state);
  }

  #modelNow(trainer: Trainer, { accuracy }: ValidationFigures): Model {
    const summary = { steps: this.#state.step, validationAccuracy: accuracy };
    return trainedModel(this.#assembly, this.#recipe, (name) => trainer.parameter(name), summary);
  }

  /** Whether this is the best so far, which is noted: more clips right, or as many with a smaller loss. */
  #isBetter({ accuracy, loss }: ValidationFigures): boolean {
    const state = this.#state;
    const { sparsity, steps } = this.#recipe;
    if (sparsity && !isSparse(state.step, sparsity, steps)) return false;
    const better = accuracy > state.bestAccuracy || (accuracy === state.bestAccuracy && loss < (state.bestLoss ?? Infinity));
    state.worse = better ? 0 : state.worse + 1;
    if (better) Object.assign(state, { bestAccuracy: accuracy, bestLoss: loss, bestStep: state.step });
    return better;
  }
}

function divergence(step: number, rate: number): UserError {
  return new UserError(
    `step ${step}: the loss is not a number any more; lower the learning rate (${rate}), warm it up, or clip the gradients (--clip-norm 1)`,
  );
}
