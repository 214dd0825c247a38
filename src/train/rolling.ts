import { hashText } from "../base/random.js";
import { permute } from "../corpus/permutation.js";
import { type Passes, passOf } from "./passes.js";

const rollingKey = hashText("rolling");
/** A state that a batch ends with takes the place of one that batches begin with, or is lost, at one to this. */
const bagBatches = 100;

/** A state of the training step, shape [batch, ...]. */
export interface RolledState {
  readonly name: string;
  /** Its values; a view. */
  readonly values: Float32Array;
}

/** Whether a step, counted from 1, begins with empty states. */
export function beginsEmpty(passes: Passes, step: number): boolean {
  const pass = passOf(passes, step);
  return pass < passes.short && passes.starts[pass] === step;
}

/** Examples of a step whose last states are kept, each with its place among those that batches begin with. */
export function thrownAfter(step: number, batch: number, seed: number): [example: number, place: number][] {
  return Array.from({ length: batch }, (_, example): [number, number] => [
    example,
    permute(example, bagBatches * batch, seed, rollingKey, step),
  ]).filter(([, place]) => place < batch);
}

/**
 * The states that batches of a rolling training begin with, as EdgeML's train_classifier has them: a bag of a hundred batches' states, of
 * which a batch takes the first `batch`, and into which it throws its last states at random. The others are never taken, so only the
 * first are kept. A short pass begins with an empty bag.
 */
export class RollingStates {
  readonly #states: readonly RolledState[];
  /** What the next batch begins with, by state. */
  readonly #kept: readonly Float32Array[];
  readonly #batch: number;
  readonly #seed: number;
  readonly #passes: Passes;

  constructor(states: readonly RolledState[], { batch, seed, passes }: { batch: number; seed: number; passes: Passes }) {
    this.#states = states;
    this.#kept = states.map(({ values }) => new Float32Array(values.length));
    this.#batch = batch;
    this.#seed = seed;
    this.#passes = passes;
  }

  /** To be called before a step, counted from 1. */
  before(step: number): void {
    if (beginsEmpty(this.#passes, step)) for (const kept of this.#kept) kept.fill(0);
    this.#states.forEach(({ values }, i) => values.set(this.#kept[i] as Float32Array));
  }

  /** To be called behind it: layers of one example stay together. */
  after(step: number): void {
    for (const [example, place] of thrownAfter(step, this.#batch, this.#seed))
      this.#states.forEach(({ values }, i) => {
        const width = values.length / this.#batch;
        (this.#kept[i] as Float32Array).set(values.subarray(example * width, (example + 1) * width), place * width);
      });
  }

  /** What is carried from step to step, by name; views. */
  tensors(): Map<string, Float32Array> {
    return new Map(this.#states.map(({ name }, i) => [`rolling.${name}`, this.#kept[i] as Float32Array]));
  }
}
