import { UsageError, UserError } from "../base/errors.js";
import { openArchive } from "../corpus/archive.js";
import type { LogPower } from "../corpus/augment/log_power.js";
import type { FrontendDescription, FrontendInput } from "../frontend/frontend.js";
import { archivedDescription, archiveStack, buildFrontend, describeFrontend } from "../frontend/frontend.js";
import { librosaMelHalves } from "../frontend/librosa_mel.js";
import type { Graph } from "../graph/types.js";
import type { LoaderFrontend } from "./loader_plan.js";
import type { Recipe } from "./recipe.js";
import type { ClipSet, TrainingData } from "./sources.js";
import type { CutFrontend } from "./spectrogram_maker.js";

/** The front end of a recipe with its defaults. */
export function frontendOfRecipe(recipe: Recipe): FrontendDescription {
  return describeFrontend(recipe.frontend as FrontendInput);
}

/** Audio to features, typed for one clip. */
export function wholeFrontend(recipe: Recipe): Graph {
  return buildFrontend(frontendOfRecipe(recipe), recipe);
}

/**
 * The front end as the loader runs it: whole where all clips are sounds, else cut behind what the archive holds.
 * @throws UserError where an archive's arrays are not what the front end gives
 */
export function loaderFrontend(recipe: Recipe, data: TrainingData): LoaderFrontend {
  const description = frontendOfRecipe(recipe);
  const whole = buildFrontend(description, recipe);
  const featureShape = shapeOf(whole, "features");
  const cut = cutFrontend(description, recipe);
  const archives = [...data.training, ...data.validation, ...data.testing].filter((set) => set.kind === "archive");
  if (archives.length === 0) return { fromAudio: whole, arrayShape: featureShape, featureShape, cut };
  if (cut !== undefined)
    throw new UsageError("augmentation.spectrogram is for sounds: take the archive out, or leave this augmentation out");
  return archivedFrontend(description, recipe, featureShape, new Set(archives.map((set) => set.root)));
}

/** Both halves of a front end whose spectrograms are augmented. */
function cutFrontend(description: FrontendDescription, { augmentation, samples, rate }: Recipe): CutFrontend | undefined {
  if (augmentation.spectrogram === null) return undefined;
  if (description.kind === "librosa_mel") return librosaMelHalves(description, { samples, rate });
  throw new UsageError(
    `augmentation.spectrogram is for the front end librosa_mel, and the recipe has ${description.kind}; leave it out, or take the front end speechrec`,
  );
}

/** The front end of clips in archives and sounds, cut behind what the archives hold. */
export function archivedFrontend(
  description: FrontendDescription,
  sound: { samples: number; rate: number },
  featureShape: readonly [number, number],
  roots: Iterable<string>,
): LoaderFrontend {
  const archived = archivedDescription(description);
  const fromAudio = buildFrontend(archived, sound);
  const arrayShape = shapeOf(fromAudio, "features");
  for (const root of roots) checkArchive(root, arrayShape);
  return { fromAudio, stack: archiveStack(description, sound), arrayShape, featureShape, form: logPowerOf(archived) };
}

/** Roots of the archives among clip sets. */
export function archiveRoots(sets: readonly ClipSet[]): Set<string> {
  return new Set(sets.flatMap((set) => (set.kind === "archive" ? [set.root] : [])));
}

/** How the values of an archive come from power, so that gain and noise can be applied; undefined where that is not possible. */
function logPowerOf(description: FrontendDescription): LogPower | undefined {
  if (description.kind !== "log_mel" || description.spectrum !== "power" || description.logScale <= 0) return undefined;
  const { logScale: scale, logOffset, logFloor, clipLow, clipHigh } = description;
  const floor = Math.max(logOffset, logFloor);
  const least = scale * Math.log(logFloor + logOffset);
  return { scale, floor, lowest: Math.max(clipLow ?? -Infinity, least), highest: clipHigh ?? Infinity };
}

function shapeOf(graph: Graph, output: string): [number, number] {
  const shape = graph.outputs.find(({ name }) => name === output)?.value.type.shape ?? [];
  return [shape[1], shape[2]];
}

function checkArchive(root: string, [frames, bins]: readonly [number, number]): void {
  const archive = openArchive(root);
  archive.close();
  const shape = archive.itemShape;
  if (shape.length === 2 && shape[0] === frames && shape[1] === bins) return;
  throw new UserError(
    `${root}: its arrays have the shape ${shape.join(" x ")}, and the front end gives ${frames} x ${bins}; hand over the archive's front end with --frontend`,
  );
}
