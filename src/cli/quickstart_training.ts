import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { OwnWordsPlan } from "../corpus/own_words.js";
import type { TargetName } from "../engine/program.js";
import type { OwnWordsScores } from "../measure/own_words.js";
import type { Recipe } from "../train/recipe.js";
import type { TrainingOutcome } from "../train/training_outcome.js";
import { interruptible } from "./interrupt.js";

/** Where a training starts unless another model is named: it knows phones from people and from synthetic voices. */
const startingModel = "phones";
/** The network that can start there. */
const ownNetwork = "earshot/phrase_net";
const defaultSteps = 1200;
const headDropout = 0.2;
/** What the head keeps of what it learns from a few synthetic voices; see shrinkHead. */
const keptShare = 0.5;
/** Steps of a training without one voice, which serves to choose the threshold only, relative to the steps of the training. */
const foldShare = 0.25;

/** How the spotter of some words is trained. */
export interface WordTraining {
  readonly plan: OwnWordsPlan;
  readonly seed: number;
  readonly steps?: number | undefined;
  /** Model to start from, or "none". */
  readonly from?: string | undefined;
  readonly target: TargetName;
  readonly talk: boolean;
}

/** A folder or manifest of sounds, with the folders of noise that a manifest cannot name. */
interface Source {
  readonly path: string;
  readonly noise?: readonly string[];
}

/**
 * Looks at what a training starts from before anything is spoken for it.
 * @param data where its sounds will be
 * @throws UserError where it cannot start there
 */
export async function checkStart(training: WordTraining, data: string): Promise<void> {
  await recipeOf(training, { path: data }, training.steps ?? defaultSteps);
}

/**
 * Trains on a data set, or goes on with what was trained in the run's folder.
 * @param remains what is said where it is interrupted
 */
export async function trainOn(training: WordTraining, source: Source, run: string, remains: string): Promise<TrainingOutcome> {
  const recipe = await recipeOf(training, source, training.steps ?? defaultSteps);
  return interruptible((signal) => runTraining(recipe, training, run, signal), remains);
}

/**
 * Scores each training voice by a model that was trained, for fewer steps, without it: what the scores of a stranger are like. A body that
 * has heard the voice makes it no less of one: it is the head that knows its voices by heart.
 * @param data a folder that synthesizeDataset wrote
 * @param folder for what is needed meanwhile; removed at the end
 * @param remains what is said where it is interrupted
 * @returns the scores of each voice; none where there is but one
 */
export async function scoreLeftOut(
  training: WordTraining,
  data: string,
  folder: string,
  remains: string,
): Promise<OwnWordsScores[]> {
  const { writeVoiceFolds } = await import("../corpus/voice_folds.js");
  const { scoreOwnWords } = await import("../measure/own_words.js");
  const { openSpotter } = await import("../measure/spotter.js");
  const steps = Math.max(1, Math.round(foldShare * (training.steps ?? defaultSteps)));
  const scores: OwnWordsScores[] = [];
  try {
    // Of one that was killed.
    await rm(folder, { recursive: true, force: true });
    const folds = await writeVoiceFolds(data, folder, training.plan.labels);
    for (const { person, manifest, noise } of folds) {
      const recipe = await recipeOf(training, { path: manifest, noise: [noise] }, steps);
      const run = join(folder, person);
      await interruptible((signal) => runTraining(recipe, { ...training, talk: false }, run, signal), remains);
      const spotter = await openSpotter(join(run, "best.safetensors"), { target: training.target });
      try {
        scores.push(await scoreOwnWords(spotter, manifest, "testing"));
      } finally {
        spotter.close();
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return scores;
}

async function runTraining(
  recipe: Recipe,
  { target, talk }: WordTraining,
  out: string,
  signal: AbortSignal,
): Promise<TrainingOutcome> {
  const { resumeOrTrain } = await import("./resume_or_train.js");
  const outcome = await resumeOrTrain(recipe, { out, target, signal, talk });
  signal.throwIfAborted();
  await shrink(join(outcome.run, "best.safetensors"));
  return outcome;
}

async function recipeOf(
  { plan, seed, from = startingModel }: WordTraining,
  { path, noise = [] }: Source,
  steps: number,
): Promise<Recipe> {
  const { parseRecipe } = await import("../train/recipe.js");
  const { shippedModels } = await import("../formats/shipped.js");
  const { pretrainedSettings } = await import("../train/pretrained.js");
  const { findModel } = await import("../zoo/index.js");
  const pretrained = from !== "none" && (from !== startingModel || shippedModels().includes(from));
  const network = pretrained
    ? await pretrainedSettings(from)
    : { model: { name: ownNetwork, options: {} }, frontend: findModel(ownNetwork).published.frontend, rate: 16_000 };
  const { name, options } = network.model;
  // Without a body that knows phones there is nothing to find paths in.
  const own = name === ownNetwork ? { dropout: headDropout, phrases: pretrained ? plan.phones : [] } : {};
  // A body that has heard people loses by three voices more than it learns; its head begins from nothing and learns fast.
  const start = name === ownNetwork ? { bodyRate: 0 } : { freezeSteps: 100, bodyRate: 0.3 };
  return parseRecipe(
    {
      model: { name, options: structuredClone({ ...options, ...own }) },
      frontend: network.frontend,
      rate: network.rate,
      samples: Math.round(plan.clipSeconds * network.rate),
      ...(pretrained ? { from: { model: from, ...start } } : {}),
      data: [{ kind: "sounds", path }],
      noise: [...noise],
      task: { words: [...plan.labels], silence: true, unknown: true },
      augmentation: {
        // Stronger than for many people's recordings: what few voices have in common must not be learnt.
        waveform: { resample: 0.35, timeShiftMilliseconds: 100, noiseFrequency: 0.8, noiseVolume: 0.15 },
        specAugment:
          name === ownNetwork
            ? { timeMasks: 1, timeMaskSize: 8, frequencyMasks: 1, frequencyMaskSize: 5, probability: 0.7 }
            : { timeMasks: 2, timeMaskSize: 8, frequencyMasks: 1, frequencyMaskSize: 3, probability: 0.8 },
      },
      // Most of what a model of few words hears is something else.
      sampling: { shares: { _silence_: 0.06, _unknown_: plan.words.length < 5 ? 0.5 : 0.35 } },
      optimizer: { kind: "adamw", weightDecay: 0.03 },
      schedule: { kind: "cosine", rate: name === ownNetwork ? 0.004 : 0.003, warmup: 100 },
      labelSmoothing: 0.05,
      steps,
      validateEvery: Math.max(1, Math.round(steps / 4)),
      seed,
      licence: `trained on synthetic speech of voices of Flite (CMU, BSD-style licence) and SVOX Pico (Apache-2.0)${pretrained ? `, starting from ${from}` : ""}`,
    },
    "quickstart",
  );
}

async function shrink(path: string): Promise<void> {
  const { loadModel, saveModel } = await import("../formats/model_file.js");
  const { shrinkHead } = await import("../measure/shrink_head.js");
  await saveModel(path, shrinkHead(await loadModel(path), keptShare));
}
