import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";

// Two folders up both from src/formats and from dist/formats.
const folder = fileURLToPath(new URL("../../models/", import.meta.url));
const ending = ".safetensors";

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

/**
 * Path of a model that the user names: a file, or else a model that comes with earshot.
 * @throws UserError that lists the names
 */
export function resolveModel(nameOrPath: string): string {
  if (existsSync(nameOrPath)) return nameOrPath;
  const shipped = findShippedModel(nameOrPath);
  if (shipped !== undefined) return shipped;
  const names = shippedModels();
  const known =
    names.length > 0 ? `the models that come with earshot are ${names.join(", ")}` : "no models come with this copy of earshot";
  const close = nearest(nameOrPath, names);
  const guess = close === undefined ? "" : `; did you mean '${close}'?`;
  throw new UserError(`${nameOrPath}: there is no such file, and ${known}${guess}`);
}
