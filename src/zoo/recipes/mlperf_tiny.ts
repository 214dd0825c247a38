import type { ZooModel } from "../model.js";
import type { PublishedRecipe } from "./recipe.js";

/** The 85,511 training clips of the keyword benchmark in batches of 100. */
const stepsOfAnEpoch = 856;

/** The trainings of MLPerf Tiny's two reference models. */
export function mlperfTinyRecipe(model: ZooModel): PublishedRecipe {
  const common = {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    batch: 100,
    validateEvery: stepsOfAnEpoch,
  };
  return model.name === "tiny_kws" ? { ...common, ...keywords } : { ...common, ...wakeWord };
}

const keywords = {
  task: { silencePercentage: 10, unknownPercentage: 10 },
  sampling: { order: "epochs" },
  augmentation: { waveform: { timeShiftMilliseconds: 0, noiseFrequency: 0.8, noiseVolume: 0.1 }, specAugment: null },
  optimizer: { kind: "adam", epsilon: 1e-7 },
  schedule: {
    kind: "piecewise",
    rates: [0.0005, 0.0001, 0.00002],
    steps: [12 * stepsOfAnEpoch, 12 * stepsOfAnEpoch, 12 * stepsOfAnEpoch],
  },
  l2: 1e-4,
  steps: 36 * stepsOfAnEpoch,
} as const;

/**
 * The original halves the rate whenever the validation stops getting better, and trains its last 50 epochs with roundings; here the rate
 * falls exponentially between the same bounds, and roundings are trained by `earshot quantize --qat`.
 */
const wakeWord = {
  task: { words: ["marvin"], silencePercentage: 10, unknownPercentage: 350 },
  sampling: { order: "balanced" },
  augmentation: {
    waveform: { timeShiftMilliseconds: 100, noiseFrequency: 0.8, noiseVolume: 2, silenceVolume: 2 },
    specAugment: null,
  },
  optimizer: { kind: "adam", epsilon: 1e-7 },
  schedule: { kind: "exponential", first: 0.001, last: 1e-6 },
  steps: 100 * stepsOfAnEpoch,
} as const;
