import type { ZooModel } from "../model.js";
import type { PublishedRecipe } from "./recipe.js";

/** 56,196 draws, one for every clip of Speech Commands v0.01 with silence, in batches of 128. */
const stepsOfAnEpoch = 440;
const epochs = 10;

/**
 * Training of SpeechRec's networks: classes drawn alike often, stochastic gradient descent at 0.001 with momentum. Of the original's
 * augmentations those of samples stand here: amplitude, speed with pitch, noise; its time shift is one of 8 frames of 32 ms.
 */
export function speechrecRecipe(model: ZooModel): PublishedRecipe {
  return {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    task: { silencePercentage: 10, unknownPercentage: 100 },
    sampling: { order: "balanced" },
    augmentation: {
      waveform: {
        volume: 0.3,
        resample: 0.2,
        timeShiftMilliseconds: 256,
        noiseFrequency: 0.5,
        noiseVolume: 0.45,
        silenceVolume: 0.45,
      },
      specAugment: null,
    },
    optimizer: { kind: "sgd", momentum: 0.9 },
    schedule: { kind: "constant", rate: 0.001 },
    l2: 0.5e-6,
    batch: 128,
    steps: epochs * stepsOfAnEpoch,
    validateEvery: stepsOfAnEpoch,
  };
}
