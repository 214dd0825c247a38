/** One live line on stderr with rate and time left; silent where stderr is no terminal, except for what `note` says. */
export class Progress {
  readonly #start = Date.now();
  #last = 0;
  #open = false;
  readonly #title: string;
  readonly #total: number;
  readonly #unit: string;
  readonly #live: boolean;
  constructor(title: string, total: number, unit: string, live = process.stderr.isTTY === true) {
    this.#title = title;
    this.#total = total;
    this.#unit = unit;
    this.#live = live;
  }

  /** Shows that `done` of the total units are finished. */
  update(done: number, detail = ""): void {
    const now = Date.now();
    if (!this.#live || (now - this.#last < 100 && done < this.#total)) return;
    this.#last = now;
    const seconds = (now - this.#start) / 1000;
    const rate = done / Math.max(seconds, 1e-3);
    const left = rate > 0 ? (this.#total - done) / rate : 0;
    const line = `${this.#title} ${done}/${this.#total} ${this.#unit}  ${formatRate(rate)} ${this.#unit}/s  ${formatSeconds(left)} left  ${detail}`;
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`);
    this.#open = true;
  }

  /** A lasting line above the live one. */
  note(text: string): void {
    if (this.#open) process.stderr.write("\r\x1b[2K");
    this.#open = false;
    process.stderr.write(`${text}\n`);
  }

  /** Clears the live line. */
  end(): void {
    if (this.#open) process.stderr.write("\r\x1b[2K");
    this.#open = false;
  }
}

/** 3 significant digits. */
export function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3);
}

/** "4 s", "3 min 20 s", "2 h 5 min". */
export function formatSeconds(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
