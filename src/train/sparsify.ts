import type { Graph } from "../graph/types.js";

/** Sparsity of recurrent layers: shares of the entries that are kept, and steps from one hard threshold to the next. */
export interface Sparsity {
  /** Kept of the matrices that multiply a layer's input; 1: all. */
  readonly w: number;
  /** Kept of the matrices that multiply its state; 1: all. */
  readonly u: number;
  readonly trimLevel: number;
}

interface Matrix {
  readonly values: Float32Array;
  readonly kept: number;
  /** 1 where an entry was not zero before the step. */
  readonly support: Uint8Array;
}

const ofInput = /^recurrent\..*kernel(_first)?$/;
const ofState = /^recurrent\..*recurrent_(kernel|first|candidate)$/;

/** A sentence for each kind of matrix that shall become sparse and that a network does not have. */
export function missingMatrices({ name, parameters }: Graph, { w, u }: Sparsity): string[] {
  const kinds = [
    [w, ofInput, "w: matrices on inputs"],
    [u, ofState, "u: matrices on states"],
  ] as const;
  return kinds
    .filter(([kept, of]) => kept < 1 && !parameters.some((parameter) => of.test(parameter.name)))
    .map(([, , where]) => `sparsity.${where} of recurrent layers, of which ${name} has none`);
}

/**
 * Iterative hard thresholding in three phases (Kusupati et al. 2018, arXiv 1901.02358; EdgeML): a third of the steps dense; a third in which every
 * `trimLevel`-th step keeps the largest entries of each matrix and the steps between leave its zeros zero; a third with the zeros as
 * they are. What is zero is read off the matrix itself, so that an interrupted training goes on with the same bits.
 */
export class Sparsifier {
  readonly #matrices: readonly Matrix[];
  readonly #trimLevel: number;
  readonly #steps: number;

  /**
   * @param parameters names with the values that the training changes
   * @param steps of the whole training
   */
  constructor(parameters: Iterable<readonly [string, Float32Array]>, { w, u, trimLevel }: Sparsity, steps: number) {
    const matrices: Matrix[] = [];
    for (const [name, values] of parameters) {
      const kept = ofState.test(name) ? u : ofInput.test(name) ? w : 1;
      if (kept < 1) matrices.push({ values, kept, support: new Uint8Array(values.length) });
    }
    this.#matrices = matrices;
    this.#trimLevel = trimLevel;
    this.#steps = steps;
  }

  /** To be called before the update of a step, counted from 1. */
  before(step: number): void {
    if (this.#kind(step) !== "support") return;
    for (const { values, support } of this.#matrices)
      for (let i = 0; i < values.length; i++) support[i] = values[i] === 0 ? 0 : 1;
  }

  /** To be called behind it. */
  after(step: number): void {
    const kind = this.#kind(step);
    if (kind === "dense") return;
    for (const { values, kept, support } of this.#matrices) {
      if (kind === "threshold") hardThreshold(values, kept);
      else for (let i = 0; i < values.length; i++) if (support[i] === 0) values[i] = 0;
    }
  }

  #kind(step: number): "dense" | "threshold" | "support" {
    if (3 * step <= this.#steps) return "dense";
    return 3 * step <= 2 * this.#steps && step % this.#trimLevel === 0 ? "threshold" : "support";
  }
}

/** Whether the matrices of a step are already sparse, so that a model of that step may be the best. */
export function isSparse(step: number, { trimLevel }: Sparsity, steps: number): boolean {
  return 3 * step >= steps + 3 * trimLevel || step === steps;
}

/** Zeros where the magnitude is below the (1 - kept) quantile of all, which is the entry next above. */
export function hardThreshold(values: Float32Array, kept: number): void {
  const magnitudes = values.map(Math.abs).sort();
  const least = magnitudes[Math.ceil((1 - kept) * (values.length - 1))] as number;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i] as number) < least) values[i] = 0;
}
