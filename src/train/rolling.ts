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
    const pass = passOf(this.#passes, step);
    if (pass < this.#passes.short && this.#passes.starts[pass] === step) for (const kept of this.#kept) kept.fill(0);
    this.#states.forEach(({ values }, i) => values.set(this.#kept[i] as Float32Array));
  }

  /** To be called behind it: layers of one example stay together. */
  after(step: number): void {
    const size = bagBatches * this.#batch;
    for (let example = 0; example < this.#batch; example++) {
      const place = permute(example, size, this.#seed, rollingKey, step);
      if (place >= this.#batch) continue;
      this.#states.forEach(({ values }, i) => {
        const width = values.length / this.#batch;
        (this.#kept[i] as Float32Array).set(values.subarray(example * width, (example + 1) * width), place * width);
      });
    }
  }

  /** What is carried from step to step, by name; views. */
  tensors(): Map<string, Float32Array> {
    return new Map(this.#states.map(({ name }, i) => [`rolling.${name}`, this.#kept[i] as Float32Array]));
  }
}
