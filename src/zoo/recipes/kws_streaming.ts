import type { ZooModel } from "../model.js";
import type { PublishedRecipe } from "./recipe.js";

/** What the trainings of kws_streaming's page "quantized_12_labels" have in common. */
export function kwsStreamingRecipe(model: ZooModel): Omit<PublishedRecipe, "schedule"> {
  return {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    task: { silencePercentage: 10, unknownPercentage: 10 },
    sampling: { order: "uniform" },
    augmentation: {
      waveform: { resample: 0.15, timeShiftMilliseconds: 100, noiseFrequency: 0.8, noiseVolume: 0.1, silenceVolume: 1 },
      specAugment: null,
    },
    optimizer: { kind: "adam", epsilon: 1e-8 },
    batch: 100,
    steps: 80_000,
    validateEvery: 400,
  };
}

/** SpecAugment of that page: two masks over time, two over frequency, one drawing for a batch. */
export const kwsStreamingMasks = {
  timeMasks: 2,
  timeMaskSize: 10,
  frequencyMasks: 2,
  frequencyMaskSize: 5,
  perBatch: true,
} as const;
