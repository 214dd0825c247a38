import type { ZooModel } from "../model.js";
import type { PublishedRecipe } from "./recipe.js";

/**
 * microWakeWord's default training (its basic training notebook): 10,000 steps of Adam at 0.001, a clip without the wake word counting 20
 * times. The notebook draws from made clips of the user's word; here it is "marvin", for which there are recordings.
 */
export function microWakeWordRecipe(model: ZooModel): PublishedRecipe {
  return {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    ...(model.samples === undefined ? {} : { samples: model.samples }),
    task: { words: ["marvin"], silence: false, unknown: true, silencePercentage: 0, unknownPercentage: 1250 },
    sampling: { order: "balanced", shares: { marvin: 2 / 27 } },
    augmentation: {
      waveform: { timeShiftMilliseconds: 200, noiseFrequency: 0.75, noiseVolume: 0.5, reverberation: 0.5 },
      specAugment: null,
    },
    optimizer: { kind: "adam", epsilon: 1e-7 },
    classWeights: { _unknown_: 20 },
    schedule: { kind: "constant", rate: 0.001 },
    batch: 128,
    steps: 10_000,
    validateEvery: 500,
  };
}
