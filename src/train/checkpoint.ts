import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { FormatError, UserError } from "../base/errors.js";
import type { Safetensors } from "../formats/safetensors.js";
import { parseSafetensors, writeSafetensors } from "../formats/safetensors.js";
import { writeFileSafely } from "../formats/write_file.js";

/** Folder of a run in which its checkpoints lie. */
export const checkpointFolder = "checkpoints";

const kept = 2;
const largestFile = 4 * 2 ** 30;
const fileName = /^step-(\d{9})\.safetensors$/;

const stateSchema = v.object({
  /** Optimizer steps done. */
  step: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Best validation so far; -1 accuracy where there was none. */
  bestAccuracy: v.number(),
  bestLoss: v.nullable(v.number()),
  bestStep: v.number(),
  /** Validations since the best one. */
  worse: v.number(),
  /** Sums since the last line of the log. */
  lossSum: v.number(),
  correct: v.number(),
  examples: v.number(),
  summedSteps: v.number(),
});

/** Where a training stands, besides its tensors. */
export type TrainingState = v.InferOutput<typeof stateSchema>;

/** What made the numbers: the same bits are only promised on the same machine, target and version. */
export interface Origin {
  machine: string;
  target: string;
  threads: number;
  /** Of earshot. */
  version: string;
  node: string;
}

/** A training at one step. */
export interface Checkpoint {
  readonly state: TrainingState;
  readonly origin: Origin;
  /** SHA-256 of the recipe that the training follows. */
  readonly recipe: string;
  /** Parameters, buffers and slots of the optimizer by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/** Checkpoints of a run that could not be used. */
export interface Skipped {
  file: string;
  why: string;
}

/** The machine as far as results can depend on it. */
export function describeMachine(): string {
  return `${platform()} ${arch()} ${cpus()[0]?.model.trim() ?? "unknown processor"}`;
}

/** Digest of a recipe, independent of the order of its keys. */
export function recipeDigest(recipe: unknown): string {
  return createHash("sha256").update(JSON.stringify(recipe, sortedKeys)).digest("hex");
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Writes a checkpoint to the run's folder, whole or not at all, then removes all but the last two. */
export async function saveCheckpoint(run: string, checkpoint: Checkpoint): Promise<string> {
  const folder = join(run, checkpointFolder);
  const tensors: Safetensors["tensors"] = new Map();
  for (const [name, data] of checkpoint.tensors) tensors.set(name, { type: "F32", shape: [data.length], data });
  const metadata = new Map([
    ["format", "earshot-checkpoint"],
    ["state", JSON.stringify(checkpoint.state)],
    ["origin", JSON.stringify(checkpoint.origin)],
    ["recipe", checkpoint.recipe],
    ["digest", digestOf(checkpoint.tensors)],
  ]);
  const path = join(folder, `step-${String(checkpoint.state.step).padStart(9, "0")}.safetensors`);
  await writeFileSafely(path, writeSafetensors({ tensors, metadata }));
  for (const old of checkpointFiles(run).slice(kept)) await rm(join(folder, old), { force: true });
  return path;
}

/**
 * Loads the newest checkpoint that reads well.
 * @returns undefined where there is none; `skipped` says which newer ones were not usable and why
 */
export async function loadNewestCheckpoint(run: string): Promise<{ checkpoint: Checkpoint | undefined; skipped: Skipped[] }> {
  const skipped: Skipped[] = [];
  for (const name of checkpointFiles(run)) {
    const file = join(run, checkpointFolder, name);
    try {
      return { checkpoint: await readCheckpoint(file), skipped };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      skipped.push({ file, why: error.message });
    }
  }
  return { checkpoint: undefined, skipped };
}

/** Names of the checkpoints of a run, newest first. */
function checkpointFiles(run: string): string[] {
  const folder = join(run, checkpointFolder);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => fileName.test(name))
    .toSorted()
    .toReversed();
}

/** @throws FormatError where the file is no undamaged checkpoint */
async function readCheckpoint(file: string): Promise<Checkpoint> {
  const { size } = statSync(file);
  if (size > largestFile) throw new FormatError(file, "size", `${size} bytes`, "a checkpoint has 4 GB at most");
  // Not the Buffer itself: slices of a Buffer are views of memory that it shares.
  const { tensors, metadata } = parseSafetensors(new Uint8Array(await readFile(file)), file);
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) {
    if (!(tensor.data instanceof Float32Array)) throw new FormatError(file, `tensor ${name}`, tensor.type, "it must be F32");
    values.set(name, tensor.data);
  }
  if (metadata.get("format") !== "earshot-checkpoint") throw damaged(file, "format", "is no checkpoint");
  if (metadata.get("digest") !== digestOf(values)) throw damaged(file, "digest", "does not fit the tensors");
  const state = v.safeParse(stateSchema, parseJson(metadata.get("state"), file, "state"));
  if (!state.success) throw damaged(file, "state", state.issues[0].message);
  return {
    state: state.output,
    origin: parseJson(metadata.get("origin"), file, "origin") as Origin,
    recipe: metadata.get("recipe") ?? "",
    tensors: values,
  };
}

function parseJson(text: string | undefined, file: string, key: string): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    throw damaged(file, key, "is not JSON");
  }
}

function damaged(file: string, key: string, found: string): FormatError {
  return new FormatError(file, `metadata ${key}`, found, "an older checkpoint is used where there is one");
}

function digestOf(tensors: ReadonlyMap<string, Float32Array>): string {
  const hash = createHash("sha256");
  for (const name of [...tensors.keys()].toSorted()) {
    const data = tensors.get(name) as Float32Array;
    hash.update(`${name} ${data.length}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
