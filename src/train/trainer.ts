import { UserError } from "../base/errors.js";
import { compile } from "../engine/compile.js";
import type { KernelTime } from "../engine/kernel_times.js";
import type { CompiledProgram, TargetName } from "../engine/program.js";
import { initializeParameters } from "../graph/initialize.js";
import { retype } from "../graph/retype.js";
import type { Graph } from "../graph/types.js";
import { streamTrainingForm } from "../passes/stream_training.js";
import type { Batch } from "./loader_plan.js";
import { biasCorrections } from "./optimizer.js";
import { labelLayer } from "./pretrained.js";
import type { Passes } from "./passes.js";
import type { Recipe } from "./recipe.js";
import { RollingStates } from "./rolling.js";
import { Sparsifier } from "./sparsify.js";
import { buildTrainingStep } from "./step.js";

/** What of a recipe the training step needs. */
export type StepRecipe = Pick<
  Recipe,
  "batch" | "optimizer" | "labelSmoothing" | "l2" | "clipNorm" | "seed" | "from" | "streaming"
> &
  Partial<Pick<Recipe, "sparsity" | "steps" | "l2Parameters">>;

/** The compiled training step with its parameters, buffers and slots. */
export class Trainer {
  readonly #program: CompiledProgram;
  readonly #graph: Graph;
  readonly #optimizer: Recipe["optimizer"];
  readonly #seed: number;
  readonly #from: Recipe["from"];
  /** Names of parameters, buffers and slots. */
  readonly #names: readonly string[];
  readonly #sparsifier: Sparsifier | undefined;
  readonly #rolling: RollingStates | undefined;
  #milliseconds = 0;
  /** Updates that the optimizer's slots had behind them before step 1. */
  #updatesBefore = 0;

  /** Use `Trainer.open`. */
  constructor(graph: Graph, recipe: StepRecipe, step: Graph, program: CompiledProgram, passes?: Passes) {
    this.#graph = graph;
    this.#optimizer = recipe.optimizer;
    this.#seed = recipe.seed;
    this.#from = recipe.from;
    this.#program = program;
    const own = new Set(graph.states.map((state) => state.name));
    this.#names = [...step.parameters, ...step.states].map(({ name }) => name).filter((name) => !own.has(name));
    const weights = graph.parameters.map(({ name }) => [name, program.read(name)] as const);
    this.#sparsifier = recipe.sparsity && new Sparsifier(weights, recipe.sparsity, recipe.steps ?? 0);
    const states = graph.states.map(({ name }) => ({ name, values: program.read(name) }));
    this.#rolling = passes && new RollingStates(states, { batch: recipe.batch, seed: recipe.seed, passes });
  }

  /**
   * Builds and compiles the training step of a network for the batch of the recipe.
   * @param options `rolling`: the passes of a rolling training, in which the states of the graph go on
   */
  static async open(
    graph: Graph,
    recipe: StepRecipe,
    options: { target: TargetName | "auto"; threads: number; profile?: boolean; rolling?: Passes | undefined },
  ): Promise<Trainer> {
    const { batch, optimizer, labelSmoothing, l2, clipNorm, l2Parameters } = recipe;
    const { rolling, ...computing } = options;
    const [frames, bins] = graph.inputs[0].value.type.shape.slice(1);
    const typed =
      recipe.streaming === true
        ? streamTrainingForm(graph, batch)
        : retype(graph, { inputs: { features: [batch, frames, bins] } });
    const head = recipe.from === undefined ? undefined : labelLayer(graph);
    const frozenBody = recipe.from?.bodyRate === 0;
    const step = buildTrainingStep(typed, { optimizer, labelSmoothing, l2, l2Parameters, clipNorm, head, frozenBody });
    return new Trainer(graph, recipe, step, await compile(step, { ...computing, flushesUnderflow: true }), rolling);
  }

  /** What computes. */
  get target(): TargetName {
    return this.#program.target;
  }

  /** Threads that compute. */
  get threads(): number {
    return this.#program.threads;
  }

  /**
   * First values: parameters by their initialisers, slots zero.
   * @param given values of some parameters and buffers, by name, that stand instead
   */
  initialize(given: ReadonlyMap<string, Float32Array> = new Map()): void {
    for (const name of this.#names) this.#program.read(name).fill(0);
    for (const [name, values] of initializeParameters(this.#graph, this.#seed))
      this.#program.write(name, given.get(name) ?? values);
  }

  /** One step: forward, backward, update. Gives the mean loss of the batch and the number of examples that were right. */
  step(batch: Batch, learningRate: number, step: number): { loss: number; correct: number } {
    const program = this.#program;
    program.write("features", batch.features);
    program.write("targets", batch.targets);
    program.write("weights", batch.weights);
    const [correction1, correction2] = biasCorrections(this.#optimizer, step + this.#updatesBefore);
    program.write("learning_rate", [learningRate]);
    if (this.#from !== undefined && this.#from.bodyRate > 0)
      program.write("body_rate", [step <= this.#from.freezeSteps ? 0 : learningRate * this.#from.bodyRate]);
    program.write("correction1", [correction1]);
    program.write("correction2", [correction2]);
    program.write("seed", [this.#seed | 0, step]);
    // Clips that follow each other have nothing in common: unless it rolls, a stateful network starts every batch anew.
    if (this.#rolling !== undefined) this.#rolling.before(step);
    else for (const { name } of this.#graph.states) program.read(name).fill(0);
    const start = performance.now();
    this.#sparsifier?.before(step);
    program.run();
    this.#sparsifier?.after(step);
    this.#rolling?.after(step);
    this.#milliseconds += performance.now() - start;
    return { loss: program.read("loss")[0], correct: program.read("correct")[0] };
  }

  /** Milliseconds that steps took, and of which kernels if it was opened with `profile`. */
  times(): { milliseconds: number; kernels: readonly KernelTime[] } {
    return { milliseconds: this.#milliseconds, kernels: this.#program.kernelTimes() };
  }

  /** Values of a parameter or buffer; a view. */
  parameter(name: string): Float32Array {
    return this.#program.read(name);
  }

  /** Everything that is carried from step to step, by name; views. */
  tensors(): Map<string, Float32Array> {
    return new Map([...this.#own(), ...(this.#rolling?.tensors() ?? [])]);
  }

  #own(): Map<string, Float32Array> {
    return new Map(this.#names.map((name) => [name, this.#program.read(name)]));
  }

  /**
   * Puts back what `tensors` gave.
   * @param updatesBefore updates that the optimizer's slots have behind them, where the steps are counted anew
   * @throws UserError where the tensors are another network's, as after a change of the data's words or of earshot; nothing is changed then
   */
  restore(tensors: ReadonlyMap<string, Float32Array>, updatesBefore = 0): void {
    for (const [name, values] of this.tensors()) {
      const [wanted, found] = [values.length, tensors.get(name)?.length];
      if (found === wanted) continue;
      const what =
        found === undefined ? `has no tensor ${name}` : `has ${found} values of ${name}, and the network has ${wanted}`;
      throw new UserError(
        `the checkpoint ${what}: it is of another network; go on with the earshot and the data that it was made with`,
      );
    }
    for (const name of this.#names) this.#program.write(name, tensors.get(name) as Float32Array);
    for (const [name, values] of this.#rolling?.tensors() ?? []) values.set(tensors.get(name) as Float32Array);
    this.#updatesBefore = updatesBefore;
  }

  /** Frees the program. */
  close(): void {
    this.#program.close();
  }
}
