import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { findPath } from "../base/find_path.js";

type Table = Record<string, unknown>;

/**
 * The recipe that a name stands for; undefined for the name of a network.
 * @throws UsageError where neither has the name, with the nearest of both
 */
export async function publishedBy(
  name: string | undefined,
  { recipe, data }: { recipe?: string; data?: readonly string[] },
): Promise<Table | undefined> {
  if (name === undefined) return undefined;
  const { findPublishedTraining, recipeNames } = await import("../zoo/recipes/index.js");
  const training = findPublishedTraining(name);
  if (training !== undefined) {
    if (recipe !== undefined) throw new UsageError(`${name} is a recipe, and --recipe ${recipe} another; leave one of them out`);
    // A copy: flags are written into it.
    return structuredClone(training.recipe) as unknown as Table;
  }
  const { findModel, modelNames } = await import("../zoo/index.js");
  const spelt = name.toLowerCase().replaceAll("-", "_");
  if (modelNames().some((known) => known === spelt || known.endsWith(`/${spelt}`))) return undefined;
  refusePath(name, data);
  const near = nearest(spelt, [...modelNames(), ...recipeNames()]);
  if (near !== undefined && recipeNames().includes(near))
    throw new UsageError(
      `there is no network or recipe '${name}'; did you mean the recipe '${near}'? 'earshot recipes' lists them`,
    );
  findModel(name);
  return undefined;
}

/** @throws UsageError for a path in the place of a network's name: a model, a run, a recipe or data */
function refusePath(name: string, data: readonly string[] = []): void {
  const found = findPath(name);
  const isModel = /\.safetensors$/i.test(name) || existsSync(join(name, "best.safetensors"));
  if (isModel) throw new UsageError(`${name} is a model, no name of a network; to start from it give --from ${name}`);
  if (found?.isFile() === true && /\.json$/i.test(name))
    throw new UsageError(`${name} is a file, no name of a network; a recipe is given as --recipe ${name}`);
  if (found === undefined) return;
  const advice = data.length > 0 ? "every folder of sounds has a --data of its own" : "sounds are given with --data";
  throw new UsageError(`${name} is a path, no name of a network; ${advice}, feature archives with --features`);
}

/**
 * The recipe of a file, or of the publication of a network.
 * @param model the network whose publication 'published' means
 * @throws UsageError for what is no recipe's file and seems to be something else, UserError where it cannot be read
 */
export async function startingRecipe(from: string, model: string): Promise<unknown> {
  const { readRecipeValue } = await import("../train/run_folder.js");
  const { findPublishedTraining, publishedRecipe } = await import("../zoo/recipes/index.js");
  const found = findPath(from);
  // A copy: flags are written into it.
  if (found === undefined && from === "published") return structuredClone(publishedRecipe(model));
  if (found === undefined && findPublishedTraining(from) !== undefined)
    throw new UsageError(`--recipe ${from}: this is the name of a published training; write: earshot train ${from}`);
  const inside = join(from, "recipe.json");
  if (found?.isDirectory() === true && existsSync(inside))
    throw new UsageError(`--recipe ${from}: this is the folder of a run; its recipe is ${inside}`);
  return readRecipeValue(from);
}
