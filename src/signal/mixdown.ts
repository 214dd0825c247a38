import { mostSamples } from "./sound.js";

/** Collects decoded blocks of several channels as one mono signal, the mean of the channels. */
export class Mixdown {
  #blocks: Float32Array[] = [];
  #length = 0;

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
    const block = new Float32Array(Math.min(count, mostSamples));
    for (let i = 0; i < block.length; i++) {
      let sum = 0;
      for (const channel of channels) sum += scale(channel[i]);
      block[i] = sum / channels.length;
    }
    this.#blocks.push(block);
    this.#length += block.length;
  }

  /** All samples, at most `limit` of them. */
  join(limit = this.#length): Float32Array {
    const samples = new Float32Array(this.#length);
    let at = 0;
    for (const block of this.#blocks) {
      samples.set(block, at);
      at += block.length;
    }
    return limit < samples.length ? samples.subarray(0, limit) : samples;
  }
}
