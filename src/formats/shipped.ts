import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { findPath } from "../base/find_path.js";

// Two folders up both from src/formats and from dist/formats.
const folder = fileURLToPath(new URL("../../models/", import.meta.url));
const ending = ".safetensors";

/** The model that is for listening without an end. */
export const listeningModel = "crnn";

/** Names of the models that come with earshot, in alphabetical order. */
export function shippedModels(): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .toSorted();
}

/** Path of a model that comes with earshot, or undefined. */
export function findShippedModel(name: string): string | undefined {
  return shippedModels().includes(name) ? join(folder, `${name}${ending}`) : undefined;
}

/** Where the best model lies in a folder that a training has written, and in one of quickstart. */
const bestModels = ["best.safetensors", join("run", "best.safetensors")];

function isFolder(path: string): boolean {
  return findPath(path)?.isDirectory() === true;
}

/**
 * Path of a model that the user names: a file, the best model of a run's folder, or else a model that comes with earshot.
 * @throws UserError for a folder without a best model; for what is not there, one that lists the names
 */
export function resolveModel(nameOrPath: string): string {
  const folder = isFolder(nameOrPath);
  if (existsSync(nameOrPath) && !folder) return nameOrPath;
  const best = folder ? bestModels.map((file) => join(nameOrPath, file)).find((path) => existsSync(path)) : undefined;
  const found = best ?? findShippedModel(nameOrPath);
  if (found !== undefined) return found;
  if (folder)
    throw new UserError(
      `${nameOrPath}: this folder has no ${bestModels[0]}; name a model file, or the folder of a run that has come to its first validation`,
    );
  const names = shippedModels();
  const known =
    names.length > 0 ? `the models that come with earshot are ${names.join(", ")}` : "no models come with this copy of earshot";
  const close = nearest(nameOrPath, names);
  const guess = close === undefined ? "" : `; did you mean '${close}'?`;
  throw new UserError(`${nameOrPath}: there is no such file, and ${known}${guess}`);
}
