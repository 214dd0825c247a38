import { createHash } from "node:crypto";
import { basename } from "node:path";
import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { silenceLabel, unknownLabel } from "../corpus/clip.js";
import type { Graph } from "../graph/types.js";
import { type DrawnLabel, drawnPass } from "../corpus/sampler.js";
import { buildModel, findModel } from "../zoo/index.js";
import type { ModelShape } from "../zoo/model.js";
import type { FeatureContext } from "./clip_features.js";
import { FrontendRunner } from "./frontend_runner.js";
import { loaderFrontend, wholeFrontend } from "./frontends.js";
import { idleOptions } from "./idle_options.js";
import { type LoaderPlan, samplerOf } from "./loader_plan.js";
import { type Passes, passesOf } from "./passes.js";
import type { Recipe } from "./recipe.js";
import { loadSharedNoise } from "./shared_noise.js";
import type { ClipSet, TrainingData } from "./sources.js";
import { countClips, openSources } from "./sources.js";
import { Validation } from "./validation.js";

type Target = "oracle" | "wasm" | "native" | "auto";

/** Everything that follows from a recipe and its data. */
export interface Assembly {
  readonly labels: readonly string[];
  /** Options of the recipe that can do nothing, a sentence for each. */
  readonly idle: readonly string[];
  /** The network, typed for one clip. */
  readonly graph: Graph;
  /** What is trained where it is not `graph`: for rolling training the same network with its states as the graph's. */
  readonly trainingGraph?: Graph | undefined;
  /** Passes through the clips, where the recipe goes by them. */
  readonly passes?: Passes | undefined;
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
  if (labels.length < 2)
    throw new UsageError(
      `task: there is the one label ${labels.join()}, and nothing to tell it from; name another word, or let there be ${silenceLabel} or ${unknownLabel} (--silence, --unknown)`,
    );
  const frontend = wholeFrontend(recipe);
  const loader = loaderFrontend(recipe, data);
  const [frames, features] = loader.featureShape;
  const shape = { frames, features, labels: labels.length };
  const graph = buildModel(recipe.model.name, recipe.model.options, shape);
  const trainingGraph = recipe.rolling === undefined ? undefined : statefulModel(recipe, shape);
  const drawn = recipe.sampling.drawn && {
    label: labelIndex(recipe.sampling.drawn.label, labels, "sampling.drawn"),
    share: recipe.sampling.drawn.share,
  };
  const passes = passesOfRecipe(recipe, data, drawn);
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
    shares: sharesOf(recipe, labels),
    passStarts: passes?.starts,
    drawn,
    classWeights: Float32Array.from(labels, (label) =>
      Object.hasOwn(recipe.classWeights, label) ? recipe.classWeights[label] : 1,
    ),
    sources: data.training,
    frontend: loader,
    augmentation: recipe.augmentation,
    noise: noise.recordings,
    noiseArrays: noise.arrays,
    target,
  };
  // What it refuses is refused before there is a run's folder.
  samplerOf(plan);
  for (const label of Object.keys(recipe.classWeights)) labelIndex(label, labels, "classWeights");
  const counts = {
    trainingClips: countClips(data.training),
    validationClips: countClips(data.validation),
    testingClips: countClips(data.testing),
  };
  return {
    labels,
    idle: idleOptions(recipe, graph, labels),
    graph,
    trainingGraph,
    passes,
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

/** The network of a rolling training: it begins with states that it is given. */
function statefulModel({ model, streaming }: Recipe, shape: ModelShape): Graph {
  if (streaming === true) throw new UsageError("rolling training and streaming exclude each other; leave one of them out");
  const { entries = {} } = findModel(model.name).architecture.schema as { entries?: object };
  if (!("stateful" in entries))
    throw new UsageError(`rolling training is for recurrent networks with an option 'stateful', and ${model.name} has none`);
  return buildModel(model.name, { ...model.options, stateful: true }, shape);
}

/**
 * The passes through the clips, where they are whole batches.
 * @throws UsageError where the recipe wants something of passes that there are not
 */
function passesOfRecipe(
  { sampling, rolling, batch, steps, validateEvery }: Recipe,
  { training }: TrainingData,
  drawn: DrawnLabel | undefined,
): Passes | undefined {
  const needs = [
    [rolling !== undefined, "rolling training"],
    [sampling.wholeBatches, "sampling.wholeBatches"],
    [drawn !== undefined, "sampling.drawn"],
  ] as const;
  const wanted = needs.find(([isWanted]) => isWanted)?.[1];
  if (wanted !== undefined && sampling.order !== "epochs")
    throw new UsageError(`${wanted} goes with the order "epochs", in which every clip comes once in a pass`);
  if (rolling === undefined && !sampling.wholeBatches) {
    if (validateEvery === 0)
      throw new UsageError("validateEvery 0 means after every pass: it goes with sampling.wholeBatches or with rolling");
    return undefined;
  }
  const labels = training.map((set) => set.labels);
  const clips = countClips(training);
  const own = labels.reduce((sum, list) => sum + list.filter((label) => label === drawn?.label).length, 0);
  const examples = drawn === undefined ? clips : drawnPass(clips - own, drawn.share);
  return passesOf({ examples, batch, rolling }, steps);
}

function sharesOf({ sampling: { shares } }: Recipe, labels: readonly string[]): Map<number, number> {
  return new Map(Object.entries(shares).map(([label, share]) => [labelIndex(label, labels, "sampling.shares"), share]));
}

function labelIndex(label: string, labels: readonly string[], option: string): number {
  const index = labels.indexOf(label);
  if (index >= 0) return index;
  const near = nearest(label, labels);
  throw new UsageError(
    `${option}: there is no label '${label}'; ${near === undefined ? `there are ${labels.join(", ")}` : `did you mean '${near}'?`}`,
  );
}
