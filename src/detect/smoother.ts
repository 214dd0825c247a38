/** Mean of the last posteriors; at the beginning of those that are there. Summed anew each time: hours leave no drift. */
export class Smoother {
  readonly #ring: Float32Array[];
  #next = 0;
  #filled = 0;

  /** @param count posteriors of a mean, at least 1 */
  constructor(count: number, labels: number) {
    this.#ring = Array.from({ length: count }, () => new Float32Array(labels));
  }

  /** @returns shape [labels] */
  push(scores: Float32Array): Float32Array {
    this.#ring[this.#next].set(scores);
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#filled = Math.min(this.#filled + 1, this.#ring.length);
    const mean = new Float32Array(scores.length);
    for (let label = 0; label < mean.length; label++) {
      let sum = 0;
      for (let i = 0; i < this.#filled; i++) sum += this.#ring[i][label];
      mean[label] = sum / this.#filled;
    }
    return mean;
  }
}
