import type { ZooModel } from "../model.js";
import type { PublishedRecipe } from "./recipe.js";

/** 56,196 draws, one for every clip of Speech Commands v0.01 with silence, in batches of 128. */
const stepsOfAnEpoch = 440;
const epochs = 10;

/**
 * Training of SpeechRec's networks: classes drawn alike often with replacement, stochastic gradient descent at 0.001 with momentum, and
 * its augmentations on the way through the Fourier transform: amplitude, speed with pitch, stretch, shift, noise.
 */
export function speechrecRecipe(model: ZooModel): PublishedRecipe {
  return {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    task: { silencePercentage: 10, unknownPercentage: 100 },
    sampling: { order: "balanced" },
    augmentation: {
      waveform: {},
      spectrogram: { probability: 0.5, gain: [0.7, 1.1], speed: 0.2, stretch: 0.2, frameShift: 8, noise: 0.45 },
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
