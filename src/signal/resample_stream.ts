import { UserError } from "../base/errors.js";
import { type Bank, bankFor, dot, greatestCommonDivisor, steepestRatio } from "./resample.js";

/** `resample` for samples that come in blocks: the same values to the bit, in memory of one block and one filter. */
export class StreamResampler {
  readonly #up: number;
  readonly #down: number;
  readonly #bank: Bank | undefined;
  /** Input samples that are still needed; the first has the number `#first`. */
  #held = new Float32Array(0);
  #first = 0;
  #heard = 0;
  #made = 0;

  /**
   * @param from rate of the samples, Hz
   * @param to rate wanted, Hz
   * @throws UserError where the rate would fall more than 1000-fold
   */
  constructor(from: number, to: number) {
    if (from / to > steepestRatio)
      throw new UserError(`cannot resample from ${from} Hz to ${to} Hz; convert the recording before`);
    const divisor = greatestCommonDivisor(from, to);
    [this.#up, this.#down] = [to / divisor, from / divisor];
    this.#bank = from === to ? undefined : bankFor(this.#up, this.#down);
  }

  /** Samples that are settled once `block` is heard. */
  push(block: Float32Array): Float32Array {
    if (this.#bank === undefined) return block;
    const joined = new Float32Array(this.#held.length + block.length);
    joined.set(this.#held);
    joined.set(block, this.#held.length);
    this.#held = joined;
    this.#heard += block.length;
    // The output at place p needs the input up to p + taps / 2.
    const reach = this.#heard - this.#bank.taps / 2;
    const settled = Math.max(this.#made, Math.floor((reach * this.#up) / this.#down));
    return this.#make(settled - this.#made, this.#bank);
  }

  /** The rest, with silence after the end. */
  end(): Float32Array {
    if (this.#bank === undefined) return new Float32Array(0);
    const length = Math.round((this.#heard * this.#up) / this.#down);
    return this.#make(Math.max(0, length - this.#made), this.#bank);
  }

  #make(count: number, bank: Bank): Float32Array {
    const before = bank.taps / 2 - 1;
    const output = new Float32Array(count);
    for (let k = 0; k < count; k++, this.#made++) {
      const ahead = this.#made * this.#down;
      const whole = Math.floor(ahead / this.#up);
      const start = whole - before - this.#first;
      output[k] = this.#value(start, (ahead - whole * this.#up) / this.#up, bank);
    }
    this.#forget(Math.floor((this.#made * this.#down) / this.#up) - before);
    return output;
  }

  #value(start: number, fraction: number, { rows, taps, phases, exact }: Bank): number {
    const position = fraction * phases;
    if (exact) return dot(this.#held, start, rows, Math.round(position) * taps, taps);
    const row = Math.floor(position);
    const low = dot(this.#held, start, rows, row * taps, taps);
    const high = dot(this.#held, start, rows, (row + 1) * taps, taps);
    return low + (position - row) * (high - low);
  }

  /** Lets go of input before the sample with the number `place`. */
  #forget(place: number): void {
    const count = Math.min(this.#held.length, Math.max(0, place - this.#first));
    this.#held = this.#held.slice(count);
    this.#first += count;
  }
}
