import { join } from "node:path";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { during } from "../base/activity.js";
import { Progress } from "../base/progress.js";
import { UserError } from "../base/errors.js";
import type { Json } from "../formats/model.js";
import { saveModel } from "../formats/model_file.js";
import type { Checkpoint, Origin, Skipped, TrainingState } from "./checkpoint.js";
import { loadNewestCheckpoint, recipeDigest, saveCheckpoint } from "./checkpoint.js";
import { Inference } from "./inference.js";
import type { Loader } from "./loader.js";
import { openLoader } from "./loader.js";
import type { Assembly } from "./assemble.js";
import { assemble } from "./assemble.js";
import type { PretrainedValues } from "./pretrained.js";
import { pretrainedValues } from "./pretrained.js";
import type { Recipe } from "./recipe.js";
import { appendRecord, createRun, readRecipe, runFiles, truncateLog } from "./run_folder.js";
import { learningRateAt } from "./schedule.js";
import type { ClipSet } from "./sources.js";
import { originOf, planThreads } from "./threads.js";
import type { ThreadPlan } from "./threads.js";
import { Trainer } from "./trainer.js";
import { trainedModel } from "./trained_model.js";
import type { ValidationFigures } from "./validation.js";
import { Validation } from "./validation.js";

/** How a training is run. Nothing here changes its result, except for what computes it. */
export interface TrainOptions {
  /** Folder of the run. */
  out: string;
  /** Loader threads, 0 to 3. Default: by the machine. */
  workers?: number | undefined;
  /** Threads of the step. Default: what the loader leaves. */
  threads?: number | undefined;
  /** What computes. Default "auto": native where there is a compiler, else wasm. */
  target?: "oracle" | "wasm" | "native" | "auto" | undefined;
  /** Stops the training after the step at hand; it is saved and can go on. */
  signal?: AbortSignal | undefined;
  /** Whether a live line and notes are written to stderr. Default true. */
  talk?: boolean | undefined;
  /** Told every validation. */
  onValidation?: ((step: number, figures: ValidationFigures) => void) | undefined;
}

/** What a training came to. */
export interface TrainingOutcome {
  run: string;
  recipe: Recipe;
  labels: readonly string[];
  /** Optimizer steps done. */
  steps: number;
  /** "steps": all were done; "patience": stopped early; "interrupted": saved, can go on. */
  end: "steps" | "patience" | "interrupted";
  /** Best validation; null where there are no validation clips. */
  bestAccuracy: number | null;
  bestStep: number;
  trainingClips: number;
  validationClips: number;
  testingClips: number;
  /** Of this call. */
  seconds: number;
  examplesPerSecond: number;
  origin: Origin;
  /** Clips on which the best model can be measured: the testing split of the sources, or their validation split. */
  measured: { split: "testing" | "validation"; sets: readonly ClipSet[] };
  notes: string[];
}

/** Steps between two lines of the log that are no validation. */
const logEvery = 50;

/**
 * Trains a network by a recipe and writes a run folder.
 * @throws UserError where data cannot be read, the folder is taken or the loss is no number
 */
export async function train(recipe: Recipe, options: TrainOptions): Promise<TrainingOutcome> {
  const assembly = await assemble(recipe, options.target);
  const pretrained = await pretrainedValues(recipe, assembly.graph, assembly.labels);
  await createRun(options.out, recipe);
  return new Training(recipe, assembly, options).run(undefined, [], pretrained);
}

/**
 * Goes on with an interrupted training from its newest good checkpoint; on the same machine, target and version with the same bits
 * as if it had not been interrupted.
 * @throws UserError where the folder is no run
 */
export async function resumeTraining(options: TrainOptions): Promise<TrainingOutcome> {
  const recipe = await readRecipe(join(options.out, runFiles.recipe));
  const { checkpoint, skipped } = await loadNewestCheckpoint(options.out);
  if (checkpoint !== undefined && checkpoint.recipe !== recipeDigest(recipe))
    throw new UserError(`${options.out}: the recipe was changed since the checkpoint; start a new run with --recipe and --out`);
  const assembly = await assemble(recipe, options.target);
  const pretrained = checkpoint === undefined ? await pretrainedValues(recipe, assembly.graph, assembly.labels) : undefined;
  await truncateLog(options.out, checkpoint?.state.step ?? 0);
  return new Training(recipe, assembly, options).run(checkpoint, skipped, pretrained);
}

const beginning: TrainingState = {
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

/** One call of train or resume. */
class Training {
  readonly #recipe: Recipe;
  readonly #assembly: Assembly;
  readonly #options: TrainOptions;
  readonly #digest: string;
  readonly #notes: string[] = [];
  readonly #plan: ThreadPlan;
  #state: TrainingState = { ...beginning };
  #progress: Progress;

  constructor(recipe: Recipe, assembly: Assembly, options: TrainOptions) {
    this.#recipe = recipe;
    this.#assembly = assembly;
    this.#options = options;
    this.#digest = recipeDigest(recipe);
    this.#plan = planThreads(options.workers, options.threads);
    this.#progress = new Progress("training", recipe.steps, "steps", false);
  }

  async run(
    checkpoint: Checkpoint | undefined,
    skipped: readonly Skipped[],
    pretrained: PretrainedValues | undefined,
  ): Promise<TrainingOutcome> {
    const { graph, plan, labels, data } = this.#assembly;
    const target = this.#options.target ?? "auto";
    const { threads } = this.#plan;
    const trainer = await this.#compiling("training step", () => Trainer.open(graph, this.#recipe, { target, threads }));
    if (trainer.target === "wasm" && trainer.threads < threads)
      this.#notes.push("this process may not start threads that share memory: the step runs on one");
    const network = await this.#compiling("network", () =>
      Inference.open(graph, { target: trainer.target, threads: trainer.threads }),
    );
    const validation = await this.#assembly.openValidation(trainer.target);
    const origin = originOf(trainer.target, trainer.threads);
    if (pretrained !== undefined) this.#notes.push(pretrained.note);
    this.#restore(trainer, checkpoint, skipped, origin, pretrained?.values);
    const from = this.#state.step;
    const talk = this.#options.talk ?? true;
    this.#progress = new Progress("training", this.#recipe.steps - from, "steps", talk && process.stderr.isTTY === true);
    for (const note of this.#notes) this.#say(note);
    const loader = await openLoader({ ...plan, target: trainer.target }, from + 1, this.#plan.workers);
    const start = performance.now();
    let end: TrainingOutcome["end"];
    try {
      end = await this.#loop(trainer, network, validation.validation, loader, origin);
      await saveModel(
        join(this.#options.out, runFiles.last),
        this.#model((name) => trainer.parameter(name), origin),
      );
    } finally {
      this.#progress.end();
      await loader.close();
      trainer.close();
      network.close();
      validation.close();
    }
    const seconds = (performance.now() - start) / 1000;
    const { step, bestAccuracy, bestStep } = this.#state;
    return {
      run: this.#options.out,
      recipe: this.#recipe,
      labels,
      steps: step,
      end,
      bestAccuracy: bestAccuracy < 0 ? null : bestAccuracy,
      bestStep,
      ...data,
      seconds,
      examplesPerSecond: ((step - from) * this.#recipe.batch) / Math.max(seconds, 1e-3),
      origin,
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

  #restore(
    trainer: Trainer,
    checkpoint: Checkpoint | undefined,
    skipped: readonly Skipped[],
    origin: Origin,
    first: ReadonlyMap<string, Float32Array> | undefined,
  ): void {
    for (const { file, why } of skipped) this.#notes.push(`skipped ${file}: ${why}`);
    if (checkpoint === undefined) {
      trainer.initialize(first);
      return;
    }
    trainer.restore(checkpoint.tensors);
    this.#state = { ...checkpoint.state };
    this.#notes.push(`going on from step ${checkpoint.state.step}`);
    const differing = (["machine", "target", "version", "node"] as const).filter((key) => checkpoint.origin[key] !== origin[key]);
    for (const key of differing) {
      this.#notes.push(
        `${key} differs from the checkpoint's (${checkpoint.origin[key]}, now ${origin[key]}): the result equals an uninterrupted one to rounding only`,
      );
    }
  }

  async #loop(
    trainer: Trainer,
    network: Inference,
    validation: Validation | undefined,
    loader: Loader,
    origin: Origin,
  ): Promise<TrainingOutcome["end"]> {
    const { steps, schedule, batch, validateEvery, patience } = this.#recipe;
    const state = this.#state;
    const from = state.step;
    const start = performance.now();
    while (state.step < steps) {
      if (patience > 0 && state.worse >= patience) return "patience";
      // Signals and workers' messages are heard between steps.
      await turnOfTheLoop();
      if (this.#options.signal?.aborted === true) {
        await this.#checkpoint(trainer, origin);
        return "interrupted";
      }
      const examples = await loader.next();
      const step = state.step + 1;
      const rate = learningRateAt(schedule, step, steps);
      const { loss, correct } = trainer.step(examples, rate, step);
      if (!Number.isFinite(loss)) throw divergence(step, rate);
      Object.assign(state, { step, lossSum: state.lossSum + loss, correct: state.correct + correct });
      state.examples += batch;
      state.summedSteps++;
      const perSecond = ((step - from) * batch) / ((performance.now() - start) / 1000);
      this.#progress.update(step - from, this.#detail(perSecond));
      if (step % validateEvery === 0 || step === steps) await this.#validate(trainer, network, validation, rate, origin);
      else if (step % logEvery === 0) await this.#log({ learningRate: rate });
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
  async #log(figures: { learningRate: number; validationLoss?: number; validationAccuracy?: number }): Promise<void> {
    const { step, lossSum, summedSteps, correct, examples } = this.#state;
    const own = summedSteps === 0 ? {} : { loss: lossSum / summedSteps, accuracy: correct / examples };
    await appendRecord(this.#options.out, { step, ...own, ...figures });
    Object.assign(this.#state, { lossSum: 0, summedSteps: 0, correct: 0, examples: 0 });
  }

  async #validate(
    trainer: Trainer,
    network: Inference,
    validation: Validation | undefined,
    rate: number,
    origin: Origin,
  ): Promise<void> {
    const state = this.#state;
    const trainingLoss = state.lossSum / Math.max(1, state.summedSteps);
    const trainingAccuracy = state.correct / Math.max(1, state.examples);
    if (validation === undefined) {
      await this.#log({ learningRate: rate });
      await this.#saveBest(trainer, origin);
    } else {
      network.setParameters((name) => trainer.parameter(name));
      const figures = await validation.run(network);
      await this.#log({ learningRate: rate, validationLoss: figures.loss, validationAccuracy: figures.accuracy });
      this.#options.onValidation?.(state.step, figures);
      const better = await this.#compare(figures, trainer, origin);
      const trained = `loss ${trainingLoss.toFixed(4)}  accuracy ${(trainingAccuracy * 100).toFixed(2)} %`;
      const mark = better ? "  best so far" : "";
      this.#say(
        `step ${state.step}  ${trained}  validation ${(figures.accuracy * 100).toFixed(2)} % of ${figures.clips} (loss ${figures.loss.toFixed(4)})${mark}`,
      );
    }
    await this.#checkpoint(trainer, origin);
  }

  /** Keeps the model where it is the best so far: more clips right, or as many with a smaller loss. */
  async #compare(figures: ValidationFigures, trainer: Trainer, origin: Origin): Promise<boolean> {
    const state = this.#state;
    const equal = figures.accuracy === state.bestAccuracy;
    const better = figures.accuracy > state.bestAccuracy || (equal && figures.loss < (state.bestLoss ?? Infinity));
    state.worse = better ? 0 : state.worse + 1;
    if (!better) return false;
    Object.assign(state, { bestAccuracy: figures.accuracy, bestLoss: figures.loss, bestStep: state.step });
    await this.#saveBest(trainer, origin);
    return true;
  }

  async #saveBest(trainer: Trainer, origin: Origin): Promise<void> {
    if (this.#state.bestAccuracy < 0) this.#state.bestStep = this.#state.step;
    await saveModel(
      join(this.#options.out, runFiles.best),
      this.#model((name) => trainer.parameter(name), origin),
    );
  }

  #model(valueOf: (name: string) => Float32Array, origin: Origin): ReturnType<typeof trainedModel> {
    const { step, bestAccuracy, bestStep } = this.#state;
    // Neither threads nor machine: files of equal results are equal.
    const summary: Record<string, Json> = { steps: step, target: origin.target, version: origin.version };
    if (bestAccuracy >= 0) Object.assign(summary, { validationAccuracy: bestAccuracy, bestStep });
    return trainedModel(this.#assembly, this.#recipe, valueOf, summary);
  }

  async #checkpoint(trainer: Trainer, origin: Origin): Promise<void> {
    await saveCheckpoint(this.#options.out, {
      state: { ...this.#state },
      origin,
      recipe: this.#digest,
      tensors: trainer.tensors(),
    });
  }
}

function divergence(step: number, rate: number): UserError {
  return new UserError(
    `step ${step}: the loss is not a number any more; lower the learning rate (${rate}), warm it up, or clip the gradients (--clip-norm 1)`,
  );
}
