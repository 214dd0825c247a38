import type { ZooModel } from "../model.js";
import type { PublishedRecipe } from "./recipe.js";

/**
 * Training of all of Hello Edge's networks: the commands of ML-KWS-for-MCU (2017), whose three rates hold for 10,000 steps each. (The
 * later Keras code skips the middle rate by a fault in the boundaries that it passes on.)
 */
export function helloEdgeRecipe(model: ZooModel): PublishedRecipe {
  return {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    task: { silencePercentage: 10, unknownPercentage: 10 },
    sampling: { order: "uniform" },
    augmentation: {
      // Silence is a clip at volume zero: it hears the noise of every other clip.
      waveform: { timeShiftMilliseconds: 100, noiseFrequency: 0.8, noiseVolume: 0.1, silenceVolume: 0.1 },
      specAugment: null,
    },
    optimizer: { kind: "adam", epsilon: 1e-8 },
    schedule: { kind: "piecewise", rates: [0.0005, 0.0001, 0.00002], steps: [10_000, 10_000, 10_000] },
    batch: 100,
    steps: 30_000,
    validateEvery: 400,
  };
}
