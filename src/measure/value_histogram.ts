import type { Range } from "../passes/quantize_scale.js";

const bins = 4096;

/** How a range is chosen from the values seen. */
export type RangeMethod = "minmax" | "percentile" | "entropy" | "error";

/** Share of the values that `percentile` keeps. */
const kept = 0.9999;

/** Counts values in equal steps around 0; the steps double when a value lies beyond them. */
export class ValueHistogram {
  readonly #counts = new Float64Array(bins);
  /** Values counted lie in [-limit, limit). */
  #limit = 2 ** -20;
  #low = Infinity;
  #high = -Infinity;
  #total = 0;

  add(values: ArrayLike<number>): void {
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < values.length; i++) {
      const x = values[i] as number;
      if (x < low) low = x;
      if (x > high) high = x;
    }
    this.#low = low;
    this.#high = high;
    while (Math.max(-low, high) >= this.#limit && this.#limit < 2 ** 100) this.#double();
    const scale = bins / 2 / this.#limit;
    for (let i = 0; i < values.length; i++) this.#counts[Math.floor((values[i] as number) * scale) + bins / 2]!++;
    this.#total += values.length;
  }

  /** Two neighbours become one, in the middle half. */
  #double(): void {
    const old = this.#counts.slice();
    this.#counts.fill(0);
    for (let i = 0; i < bins; i++) this.#counts[Math.floor(i / 2) + bins / 4]! += old[i]!;
    this.#limit *= 2;
  }

  /** The range that the method chooses; it always lies inside that of the values seen. */
  range(method: RangeMethod): Range {
    if (this.#total === 0) return { low: 0, high: 0 };
    if (method === "minmax") return { low: this.#low, high: this.#high };
    if (method === "percentile") return this.#percentile();
    return this.#narrowed((range) => (method === "entropy" ? this.#divergence(range) : this.#squaredError(range)));
  }

  /** Lower edge of a bin. */
  #edge(bin: number): number {
    return (bin / (bins / 2) - 1) * this.#limit;
  }

  #percentile(): Range {
    const outside = ((1 - kept) / 2) * this.#total;
    let first = 0;
    for (let sum = this.#counts[0]!; sum <= outside; sum += this.#counts[first]!) first++;
    let last = bins - 1;
    for (let sum = this.#counts[last]!; sum <= outside; sum += this.#counts[last]!) last--;
    return { low: Math.max(this.#low, this.#edge(first)), high: Math.min(this.#high, this.#edge(last + 1)) };
  }

  /**
   * The part of the range, cut at both ends alike, that costs least.
   */
  #narrowed(cost: (range: Range) => number): Range {
    let best: Range = { low: this.#low, high: this.#high };
    let least = Infinity;
    for (let share = 100; share >= 30; share -= 2) {
      const range = { low: (this.#low * share) / 100, high: (this.#high * share) / 100 };
      const here = cost(range);
      if (here < least) {
        least = here;
        best = range;
      }
    }
    return best;
  }

  /** Mean squared error of 256 levels over the range: a twelfth of a squared step inside, the squared distance outside. */
  #squaredError({ low, high }: Range): number {
    const step = Math.max(high, 0) - Math.min(low, 0);
    const inside = (step / 255) ** 2 / 12;
    let sum = 0;
    for (let i = 0; i < bins; i++) {
      const count = this.#counts[i]!;
      if (count === 0) continue;
      const x = (this.#edge(i) + this.#edge(i + 1)) / 2;
      sum += count * (x > high ? (x - high) ** 2 : x < low ? (x - low) ** 2 : inside);
    }
    return sum;
  }

  /**
   * Divergence of Kullback and Leibler between what was counted, cut values at the ends of the range, and its 256 levels (Migacz 2017).
   */
  #divergence({ low, high }: Range): number {
    const bin = (x: number): number => Math.max(0, Math.min(bins - 1, Math.floor((x / this.#limit + 1) * (bins / 2))));
    const first = bin(Math.min(low, 0));
    const last = bin(Math.max(high, 0));
    const width = last - first + 1;
    const inside = this.#counts.slice(first, last + 1);
    const cut = inside.slice();
    for (let i = 0; i < first; i++) cut[0]! += this.#counts[i]!;
    for (let i = last + 1; i < bins; i++) cut[width - 1]! += this.#counts[i]!;
    let divergence = 0;
    const levels = Math.min(256, width);
    for (let level = 0; level < levels; level++) {
      const from = Math.floor((level * width) / levels);
      const to = Math.floor(((level + 1) * width) / levels);
      let sum = 0;
      let used = 0;
      for (let i = from; i < to; i++) {
        sum += inside[i]!;
        if (inside[i]! > 0) used++;
      }
      for (let i = from; i < to; i++) {
        const p = cut[i]! / this.#total;
        if (p === 0) continue;
        // What is cut to an empty bin is told by nothing: a small share stands for it.
        const q = inside[i]! > 0 ? sum / used / this.#total : 1e-9;
        divergence += p * Math.log(p / q);
      }
    }
    return divergence;
  }
}
