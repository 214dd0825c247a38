/** What a loader spends its time on. */
export const loaderStages = [
  "choose",
  "read",
  "decode",
  "speed and room",
  "noise",
  "kernels",
  "archive",
  "augment arrays",
  "array kernels",
  "masks",
  "wait",
] as const;

/** One of them; "kernels" is augmentation and front end of sounds, "decode" everything but plain 16-bit files. */
export type LoaderStage = (typeof loaderStages)[number];

/** Adds up the time of each stage. The sums may lie in memory that threads share. */
export class LoaderClock {
  readonly #sums: Float64Array;
  #last = performance.now();

  /** @param sums milliseconds by place in `loaderStages` */
  constructor(sums: Float64Array = new Float64Array(loaderStages.length)) {
    this.#sums = sums;
  }

  /** Begins: what went before belongs to no stage. */
  start(): void {
    this.#last = performance.now();
  }

  /** The time since the last call was spent on a stage. */
  lap(stage: LoaderStage): void {
    const now = performance.now();
    this.#sums[loaderStages.indexOf(stage)] += now - this.#last;
    this.#last = now;
  }
}

/** Milliseconds by stage, stages that took none left out. */
export function stageTimes(sums: readonly Float64Array[]): { stage: LoaderStage; milliseconds: number }[] {
  return loaderStages
    .map((stage, i) => ({ stage, milliseconds: sums.reduce((total, of) => total + of[i], 0) }))
    .filter(({ milliseconds }) => milliseconds > 0);
}
