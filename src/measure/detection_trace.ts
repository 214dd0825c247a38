import type { Detection } from "../detect/detector.js";

const firstMoments = 1 << 12;
/** Scores below are no keyword at any threshold that is of use. */
const floor = 0.02;

/** The best keyword of every hop that has one: from this, detections at any threshold. Five bytes and a time a moment. */
export class DetectionTrace {
  readonly #labels: readonly string[];
  #times = new Float64Array(firstMoments);
  #scores = new Float32Array(firstMoments);
  #best = new Uint16Array(firstMoments);
  #count = 0;

  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }

  /**
   * Notes a moment.
   * @param keywords indices of the labels that can be heard
   * @param scores smoothed probabilities
   */
  add(time: number, scores: Float32Array, keywords: readonly number[]): void {
    let best = -1;
    for (const label of keywords) if (best < 0 || scores[label] > scores[best]) best = label;
    if (best < 0 || scores[best] < floor) return;
    if (this.#count === this.#times.length) this.#grow();
    this.#times[this.#count] = time;
    this.#scores[this.#count] = scores[best];
    this.#best[this.#count++] = best;
  }

  /** What a detector with this threshold for all keywords hears. */
  detections(threshold: number, refractory: number): Detection[] {
    const found: Detection[] = [];
    let free = -Infinity;
    for (let i = 0; i < this.#count; i++) {
      const time = this.#times[i];
      if (this.#scores[i] < threshold || time < free - 5e-10) continue;
      free = time + refractory;
      found.push({ time, label: this.#labels[this.#best[i]], score: this.#scores[i] });
    }
    return found;
  }

  /** Scores at which the score turned down, in rising order: thresholds between two of them let the same words through. */
  peaks(): number[] {
    const peaks = new Set<number>();
    for (let i = 0; i < this.#count; i++) {
      const score = this.#scores[i];
      if (score >= (this.#scores[i - 1] ?? 0) && score >= (i + 1 < this.#count ? this.#scores[i + 1] : 0)) peaks.add(score);
    }
    return [...peaks].toSorted((a, b) => a - b);
  }

  #grow(): void {
    const size = 2 * this.#times.length;
    const [times, scores, best] = [new Float64Array(size), new Float32Array(size), new Uint16Array(size)];
    times.set(this.#times);
    scores.set(this.#scores);
    best.set(this.#best);
    [this.#times, this.#scores, this.#best] = [times, scores, best];
  }
}
