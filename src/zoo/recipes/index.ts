import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { invariant, UsageError } from "../../base/errors.js";
import { nearest } from "../../base/nearest.js";
import { findModel } from "../index.js";
import { type PublishedRecipe, type PublishedTraining, publishedTrainingSchema } from "./recipe.js";

// The files lie beside this one, in dist/ too.
const folder = fileURLToPath(new URL(".", import.meta.url));
const ending = ".json";

let files: ReadonlyMap<string, string> | undefined;

/** Paths of the recipes by name: folder and file joined by "_". */
function recipeFiles(): ReadonlyMap<string, string> {
  files ??= new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(ending))
      .toSorted()
      .map((path) => [`${dirname(path)}_${basename(path, ending)}`, join(folder, path)] as const),
  );
  return files;
}

/** Names of all published trainings, by family. */
export function recipeNames(): string[] {
  return [...recipeFiles().keys()];
}

/** The published training of a name, in which "-" and "_" are the same; undefined where there is none. */
export function findPublishedTraining(name: string): PublishedTraining | undefined {
  const wanted = name.toLowerCase().replaceAll("-", "_");
  const file = recipeFiles().get(wanted);
  if (file === undefined) return undefined;
  return { name: wanted, ...v.parse(publishedTrainingSchema, JSON.parse(readFileSync(file, "utf8"))) };
}

/**
 * A published training by its name, such as "hello_edge_ds_cnn_s".
 * @throws UsageError naming the nearest
 */
export function publishedTraining(name: string): PublishedTraining {
  const found = findPublishedTraining(name);
  if (found !== undefined) return found;
  const close = nearest(name.toLowerCase().replaceAll("-", "_"), recipeNames());
  const guess = close === undefined ? ";" : `; did you mean '${close}'?`;
  throw new UsageError(`there is no recipe '${name}'${guess} 'earshot recipes' lists them`);
}

/** All published trainings. */
export function publishedTrainings(): PublishedTraining[] {
  return recipeNames().map(publishedTraining);
}

/**
 * The published training of a model: a recipe that wants only its data.
 * @throws UsageError listing the names
 */
export function publishedRecipe(name: string): PublishedRecipe {
  const { published } = findModel(name);
  const training = publishedTrainings().find(({ recipe }) => recipe.model.name === published.name);
  invariant(training, `${published.name} has no training`);
  return training.recipe;
}

export type { PublishedRecipe, PublishedTraining } from "./recipe.js";
