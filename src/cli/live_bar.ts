import type { SmoothedScores } from "../detect/detector.js";
import { printable } from "../measure/terminal.js";

const width = 30;
/** Milliseconds between two pictures. */
const interval = 80;

/** One line on stderr that shows the keyword nearest to being heard; silent where stderr is no terminal. */
export class LiveBar {
  readonly #labels: readonly string[];
  readonly #thresholds: ReadonlyMap<string, number>;
  readonly #longest: number;
  readonly #live: boolean;
  #last = 0;
  #open = false;

  constructor(labels: readonly string[], thresholds: ReadonlyMap<string, number>, live = process.stderr.isTTY === true) {
    [this.#labels, this.#thresholds, this.#live] = [labels, thresholds, live];
    this.#longest = Math.max(...labels.map((label) => label.length));
  }

  show(smoothed: SmoothedScores): void {
    const now = Date.now();
    if (!this.#live || smoothed.best < 0 || now - this.#last < interval) return;
    this.#last = now;
    this.#open = true;
    process.stderr.write(`\r\u001B[2K${this.line(smoothed)}`);
  }

  /** Clears the line, so that other text can be printed. */
  clear(): void {
    if (this.#open) process.stderr.write("\r\u001B[2K");
    this.#open = false;
  }

  /** Time, bar with the threshold as a mark, keyword and score. */
  line({ time, scores, best }: SmoothedScores): string {
    const label = this.#labels[best];
    const score = scores[best];
    const filled = Math.round(score * width);
    const mark = Math.min(width - 1, Math.round((this.#thresholds.get(label) ?? 1) * width));
    const bar = Array.from({ length: width }, (_, i) => (i === mark ? "|" : i < filled ? "#" : "-")).join("");
    return `${time.toFixed(1)} s [${bar}] ${printable(label).padEnd(this.#longest)} ${score.toFixed(2)}`;
  }
}
