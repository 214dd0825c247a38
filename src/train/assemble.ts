import { createHash } from "node:crypto";
import { basename } from "node:path";
import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { silenceLabel, unknownLabel } from "../corpus/clip.js";
import type { Graph } from "../graph/types.js";
import { buildModel } from "../zoo/index.js";
import type { FeatureContext } from "./clip_features.js";
import { FrontendRunner } from "./frontend_runner.js";
import { loaderFrontend, wholeFrontend } from "./frontends.js";
import type { LoaderPlan } from "./loader_plan.js";
import type { Recipe } from "./recipe.js";
import { loadSharedNoise } from "./shared_noise.js";
import type { ClipSet, TrainingData } from "./sources.js";
import { countClips, openSources } from "./sources.js";
import { Validation } from "./validation.js";

type Target = "oracle" | "wasm" | "native" | "auto";

/** Everything that follows from a recipe and its data. */
export interface Assembly {
  readonly labels: readonly string[];
  /** The network, typed for one clip. */
  readonly graph: Graph;
  /** Audio to features, typed for one clip. */
  readonly frontend: Graph;
  readonly plan: LoaderPlan;
  /** Clips on which the trained model can be measured. */
  readonly measured: { readonly split: "testing" | "validation"; readonly sets: readonly ClipSet[] };
  readonly data: { trainingClips: number; validationClips: number; testingClips: number };
  /** Tells the training and validation clips from others, by their number, names and labels. */
  readonly dataIdentity: string;
  /** Compiles what the validation needs; without validation clips there is none. */
  openValidation(target: Target): Promise<{ validation: Validation | undefined; close(): void }>;
}

/**
 * Opens the data of a recipe and builds its front end and network.
 * @param target what computes the front end
 * @throws UserError where data cannot be read, UsageError where options do not fit
 */
export async function assemble(recipe: Recipe, target: Target = "auto"): Promise<Assembly> {
  const data = openSources(recipe);
  const { labels } = data;
  const frontend = wholeFrontend(recipe);
  const loader = loaderFrontend(recipe, data);
  const [frames, features] = loader.featureShape;
  const graph = buildModel(recipe.model.name, recipe.model.options, { frames, features, labels: labels.length });
  const noise = await loadSharedNoise(data, recipe, loader, target);
  const plan: LoaderPlan = {
    seed: recipe.seed,
    batch: recipe.batch,
    samples: recipe.samples,
    rate: recipe.rate,
    classes: labels.length,
    silence: labels.indexOf(silenceLabel),
    unknown: labels.indexOf(unknownLabel),
    order: recipe.sampling.order,
    shares: sharesOf(recipe, data),
    classWeights: Float32Array.from(labels, (label) => recipe.classWeights[label] ?? 1),
    sources: data.training,
    frontend: loader,
    augmentation: recipe.augmentation,
    noise: noise.recordings,
    noiseArrays: noise.arrays,
    target,
  };
  for (const label of Object.keys(recipe.classWeights)) labelIndex(label, labels, "classWeights");
  const counts = {
    trainingClips: countClips(data.training),
    validationClips: countClips(data.validation),
    testingClips: countClips(data.testing),
  };
  return {
    labels,
    graph,
    frontend,
    plan,
    measured: counts.testingClips > 0 ? { split: "testing", sets: data.testing } : { split: "validation", sets: data.validation },
    data: counts,
    dataIdentity: `${counts.trainingClips} training and ${counts.validationClips} validation clips, ${identityOf(data)}`,
    openValidation: (target) => openValidation(data.validation, plan, target),
  };
}

/** Eight digits that depend on labels, files' names and places in archives, but not on the folder of the data. */
function identityOf({ labels, training, validation }: TrainingData): string {
  const hash = createHash("sha256").update(JSON.stringify(labels));
  for (const set of [...training, ...validation]) {
    hash.update(`${set.kind} ${set.labels.length}\n`).update(set.labels);
    if (set.kind === "archive") hash.update(set.arrays);
    else for (const clip of set.clips) hash.update(`${clip.word}/${basename(clip.path)}\n`);
  }
  return hash.digest("hex").slice(0, 8);
}

async function openValidation(
  sets: readonly ClipSet[],
  plan: LoaderPlan,
  target: Target,
): Promise<{ validation: Validation | undefined; close(): void }> {
  if (sets.length === 0) return { validation: undefined, close: () => {} };
  const runner = await FrontendRunner.open(plan.frontend, plan.samples, target);
  const context: FeatureContext = { runner, frontend: plan.frontend, rate: plan.rate };
  return { validation: new Validation(sets, context), close: () => runner.close() };
}

function sharesOf(recipe: Recipe, { labels }: TrainingData): Map<number, number> {
  return new Map(
    Object.entries(recipe.sampling.shares).map(([label, share]) => [labelIndex(label, labels, "sampling.shares"), share]),
  );
}

function labelIndex(label: string, labels: readonly string[], option: string): number {
  const index = labels.indexOf(label);
  if (index >= 0) return index;
  const near = nearest(label, labels);
  throw new UsageError(
    `${option}: there is no label '${label}'; ${near === undefined ? `there are ${labels.join(", ")}` : `did you mean '${near}'?`}`,
  );
}
