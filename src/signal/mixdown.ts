import { mostSamples } from "./sound.js";

/** Collects decoded blocks of several channels as one mono signal, the mean of the channels. */
export class Mixdown {
  #samples: Float32Array;
  #length = 0;

  /** @param expected samples that will come, where that is known; memory grows where it was too few */
  constructor(expected = 1 << 16) {
    this.#samples = new Float32Array(Math.min(expected, mostSamples));
  }

  /** Samples collected so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a block.
   * @param channels one array a channel, each of `count` samples or more
   * @param scale factor for every sample
   */
  add(channels: readonly Float32Array[], count: number, scale: (value: number) => number): void {
    if (count <= 0 || channels.length === 0) return;
    const end = Math.min(this.#length + count, mostSamples);
    if (end > this.#samples.length) this.#grow(end);
    for (let i = 0; this.#length < end; i++, this.#length++) {
      let sum = 0;
      for (const channel of channels) sum += scale(channel[i]);
      this.#samples[this.#length] = sum / channels.length;
    }
  }

  /** The samples, at most `limit` of them. */
  join(limit = this.#length): Float32Array {
    return this.#samples.subarray(0, Math.min(limit, this.#length));
  }

  #grow(needed: number): void {
    const larger = new Float32Array(Math.min(mostSamples, Math.max(needed, 2 * this.#samples.length)));
    larger.set(this.#samples.subarray(0, this.#length));
    this.#samples = larger;
  }
}
