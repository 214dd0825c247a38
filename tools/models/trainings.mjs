// The long trainings of `npm run prove:trainings`: each network on the archive's log-mel arrays (90 % of the draws) and recordings (10 %),
// with the recipe of the ds_tc_resnet that comes with earshot (AdamW, cosine, SpecAugment, label smoothing) but for what stands here.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * frameStep: every n-th frame of 10 ms; coefficients: DCT, 0 for the 40 bands themselves; rate: the schedule's highest.
 * twin: accuracy (%) of a PyTorch twin on the same testing recordings, trained on the arrays alone.
 */
export const trainings = {
  fastgrnn: { frameStep: 1, coefficients: 0, steps: 10_000, rate: 0.004 },
  tc_resnet: { frameStep: 1, coefficients: 40, steps: 4000, rate: 0.002 },
  ds_tc_resnet: { frameStep: 1, coefficients: 40, steps: 5000, rate: 0.003 },
  shufflenetv2: { frameStep: 3, coefficients: 0, steps: 12_000, rate: 0.003 },
  bc_resnet_1: { frameStep: 1, coefficients: 0, steps: 9000, rate: 0.005 },
  att_mh_rnn: { frameStep: 2, coefficients: 20, steps: 3000, rate: 0.001 },
  gru: { frameStep: 2, coefficients: 20, steps: 6000, rate: 0.001 },
  lstm_peep: { frameStep: 2, coefficients: 20, steps: 6000, rate: 0.001 },
  ds_cnn_l: { frameStep: 2, coefficients: 10, steps: 5000, rate: 0.002 },
};

/** Trained already, by the recipes beside them: these come with earshot. */
export const shipped = { ds_cnn_s: { twin: 94.41 }, svdf: { twin: 94.41, of: "ds_cnn_s" }, crnn: { twin: 94.8 } };

/** The recipe of a training, with the data's folder; `training`: for a network that has none above. */
export function recipeOf(name, data, training = trainings[name]) {
  const recipe = JSON.parse(readFileSync(new URL("../../models/ds_tc_resnet.recipe.json", import.meta.url), "utf8"));
  const { frameStep, coefficients, steps, rate } = training;
  recipe.model = { name, options: {} };
  recipe.frontend.frameStep = frameStep;
  if (coefficients === 0) delete recipe.frontend.dctCoefficients;
  else recipe.frontend.dctCoefficients = coefficients;
  recipe.data[0].path = join(data, "features");
  recipe.data[1].path = join(data, "speech_commands");
  recipe.schedule.rate = rate;
  recipe.steps = steps;
  return recipe;
}
