import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTrainingLog, type TrainingRecord } from "../../measure/training_log.js";
import { assemble } from "../../train/assemble.js";
import { Inference } from "../../train/inference.js";
import { openLoader } from "../../train/loader.js";
import type { Recipe } from "../../train/recipe.js";
import { runFiles } from "../../train/run_folder.js";
import { planThreads } from "../../train/threads.js";
import { figuresOf, type ValidationFigures } from "../../train/validation.js";
import { initializeParameters } from "../../graph/initialize.js";
import type { Model } from "../../formats/model.js";

/** Mean cross-entropy and share of the clips that are right. */
export type Figures = Pick<ValidationFigures, "loss" | "accuracy">;

/** `"Test loss": 1.23456, "Test accuracy": 56.78`. */
export function figureText(set: "Training" | "Test", { loss, accuracy }: Figures): string {
  return `{"${set} loss": ${loss.toFixed(5)}, "${set} accuracy": ${(100 * accuracy).toFixed(2)}}`;
}

/**
 * Loss and accuracy of the steps of an epoch, as its training saw them.
 * @param run folder of the run, whose log reaches to the epoch's end
 */
export async function epochFigures(run: string, epoch: number, stepsOfAnEpoch: number): Promise<Figures> {
  const file = join(run, runFiles.log);
  const records = parseTrainingLog(await readFile(file, "utf8"), file);
  const from = (epoch - 1) * stepsOfAnEpoch;
  const mean = (key: "loss" | "accuracy"): number => {
    let [sum, before] = [0, from];
    for (const record of records.filter(({ step }) => step > from && step <= epoch * stepsOfAnEpoch)) {
      sum += (record[key] ?? 0) * (record.step - before);
      before = record.step;
    }
    return sum / (before - from);
  };
  return { loss: mean("loss" satisfies keyof TrainingRecord), accuracy: mean("accuracy") };
}

/**
 * What a network does on the test clips before it is trained.
 * @param model undefined: the first values of a new network
 */
export async function figuresBefore(recipe: Recipe, model: Model | undefined): Promise<Figures> {
  const assembly = await assemble(recipe);
  const values = model?.parameters ?? initializeParameters(assembly.graph, recipe.seed);
  const network = await Inference.open(assembly.graph);
  const { validation, close } = await assembly.openValidation("auto");
  try {
    network.setParameters((name) => values.get(name) as Float32Array);
    return validation === undefined ? { loss: Number.NaN, accuracy: Number.NaN } : await validation.run(network);
  } finally {
    close();
    network.close();
  }
}

/**
 * What a trained network does on clips drawn and augmented as in training, one epoch of them.
 * @param signal ends it early
 */
export async function figuresOnTraining(
  recipe: Recipe,
  model: Model,
  stepsOfAnEpoch: number,
  signal: AbortSignal,
): Promise<Figures> {
  const { graph, plan } = await assemble(recipe);
  const { workers, takeTurns } = planThreads(undefined, undefined);
  const network = await Inference.open(graph);
  network.setParameters((name) => model.parameters.get(name) as Float32Array);
  // Draws that the training has not seen.
  const loader = await openLoader(plan, recipe.steps + 1, { workers, takeTurns, memory: undefined, profile: false });
  const logits = new Float32Array(recipe.batch * plan.classes);
  const labels = new Int32Array(recipe.batch);
  let [loss, correct] = [0, 0];
  try {
    for (let i = 0; i < stepsOfAnEpoch; i++) {
      signal.throwIfAborted();
      const { features, targets } = await loader.next();
      for (let slot = 0; slot < recipe.batch; slot++)
        labels[slot] = targets.indexOf(1, slot * plan.classes) - slot * plan.classes;
      network.run(features, recipe.batch, logits);
      const figures = figuresOf(logits, labels, plan.classes);
      loss += figures.loss;
      correct += figures.accuracy;
    }
  } finally {
    await loader.close();
    network.close();
  }
  return { loss: loss / stepsOfAnEpoch, accuracy: correct / stepsOfAnEpoch };
}
