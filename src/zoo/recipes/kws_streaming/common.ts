import type { ZooModel } from "../../model.js";
import type { PublishedRecipe } from "../recipe.js";

/** What a page of kws_streaming says about a training, where it differs from one to the other. */
export interface PageTraining {
  readonly schedule: PublishedRecipe["schedule"];
  readonly steps: number;
  /** Largest change of speed; 0.15 where missing. */
  readonly resample?: number;
  /** SpecAugment; none where missing. */
  readonly masks?: PublishedRecipe["augmentation"]["specAugment"];
  /** Adam with its usual constants where missing. */
  readonly optimizer?: PublishedRecipe["optimizer"];
  /** `pick_deterministically`: the clips in their order, again and again, instead of drawn. */
  readonly walk?: boolean;
  /** Every word of the data is a label, without silence and unknown. */
  readonly allWords?: boolean;
  /** Clips of a step; 100 where missing. */
  readonly batch?: number;
  /** Steps from one validation to the next; 400 where missing. */
  readonly validateEvery?: number;
}

/** The training of a model of kws_streaming's pages: of clips that are shifted and noisy. */
export function kwsStreamingRecipe(model: ZooModel, training: PageTraining): PublishedRecipe {
  const { schedule, steps, resample = 0.15, masks = null, optimizer = { kind: "adam", epsilon: 1e-8 }, walk } = training;
  const { allWords = false, batch = 100, validateEvery = 400 } = training;
  return {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    task: { ...(allWords ? { words: "all" as const } : {}), silencePercentage: 10, unknownPercentage: 10 },
    sampling: { order: walk === true ? "walk" : "uniform" },
    augmentation: {
      waveform: { resample, timeShiftMilliseconds: 100, noiseFrequency: 0.8, noiseVolume: 0.1, silenceVolume: 1 },
      specAugment: masks,
    },
    optimizer,
    schedule,
    batch,
    steps,
    validateEvery,
  };
}

/** `lr_schedule linear`: one rate after the other. */
export function piecewise(rates: readonly number[], steps: readonly number[]): Pick<PageTraining, "schedule" | "steps"> {
  return { schedule: { kind: "piecewise", rates, steps }, steps: steps.reduce((sum, n) => sum + n, 0) };
}

/** `lr_schedule exp`, for 80,000 steps. */
export function exponential(first: number, last: number): Pick<PageTraining, "schedule" | "steps"> {
  return { schedule: { kind: "exponential", first, last }, steps: 80_000 };
}

/** SpecAugment of two masks over time and two over frequency, one drawing for a batch; sizes are exclusive. */
export function masksOf(timeMaskSize: number, frequencyMaskSize: number): NonNullable<PageTraining["masks"]> {
  return { timeMasks: 2, timeMaskSize, frequencyMasks: 2, frequencyMaskSize, perBatch: true };
}
