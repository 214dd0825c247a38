import type { ZooModel } from "../model.js";
import type { PublishedRecipe } from "./recipe.js";

/** The 84,843 training clips of Speech Commands v0.02 in batches of 128; the last, incomplete one is left out. */
const stepsOfAnEpoch = 662;
const epochs = 250;

/**
 * The published command of EdgeML's keyword spotter: stochastic gradient descent with Nesterov's momentum, the rate falling along half a
 * cosine, 250 times through the clips, all of them with noise at a tenth of its level. The options --normalize and --rolling of the command
 * are the user's choice; the second is for streams without resets. The original adds weight decay 1e-5 to the gradient of every parameter,
 * here to that of the matrices.
 */
export function edgemlRecipe(model: ZooModel): PublishedRecipe {
  const all = model.shape.labels !== 12;
  return {
    model: { name: model.name, options: {} },
    frontend: model.frontend,
    task: { ...(all ? { words: "all" as const } : {}), silencePercentage: 10, unknownPercentage: 10 },
    sampling: { order: "epochs" },
    augmentation: { waveform: { timeShiftMilliseconds: 0, noiseFrequency: 1, noiseVolume: 0.1 }, specAugment: null },
    optimizer: { kind: "sgd", momentum: 0.9, nesterov: true },
    schedule: { kind: "cosine", rate: 0.005, last: 0.0005 },
    l2: 0.5e-5,
    ...sparsityOf(model.name),
    batch: 128,
    steps: epochs * stepsOfAnEpoch,
    validateEvery: stepsOfAnEpoch,
  };
}

/** The paper's FastGRNN-Q. */
function sparsityOf(name: string): Pick<PublishedRecipe, "sparsity"> {
  if (name === "fastgrnn_q_12") return { sparsity: { w: 0.3, u: 0.3 } };
  return name === "fastgrnn_q_30" ? { sparsity: { w: 0.2, u: 0.2 } } : {};
}
