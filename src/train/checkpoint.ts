import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { FormatError, UserError } from "../base/errors.js";
import { disk, type FileLayer } from "../base/file_layer.js";
import { systemCode, systemReason } from "../base/system_error.js";
import type { Safetensors } from "../formats/safetensors.js";
import { parseSafetensors, writeSafetensors } from "../formats/safetensors.js";
import { writeFileSafely } from "../formats/write_file.js";

/** Folder of a run in which its checkpoints lie. */
export const checkpointFolder = "checkpoints";

const kept = 2;
/** Bytes; what Node reads at once. */
const largestFile = 2 ** 31 - 1;
const fileName = /^step-(\d{9})\.safetensors$/;
/** Before the name of a parameter: its value in the best model. */
const bestPrefix = "best/";

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
  /** Clips and labels, as far as they can be told apart without reading the sounds. */
  data: string;
}

/** A training at one step. */
export interface Checkpoint {
  readonly state: TrainingState;
  readonly origin: Origin;
  /** The recipe that the training follows, as JSON holds it. */
  readonly recipe: unknown;
  /** Parameters, buffers and slots of the optimizer by name. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** Parameters and buffers of the best model; undefined where it is the one in `tensors`, or where there is none yet. */
  readonly best: ReadonlyMap<string, Float32Array> | undefined;
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

/** Name of the checkpoint of a step. */
function nameOf(step: number): string {
  return `step-${String(step).padStart(9, "0")}.safetensors`;
}

/** Whether a name is a checkpoint's. */
export function isCheckpointName(name: string): boolean {
  return fileName.test(name);
}

/**
 * Writes a checkpoint to the run's folder, whole or not at all, then removes all but the last two, and those of later steps: they are of
 * no use, or they would have been gone on from.
 * @throws UserError where the system refuses; what was there before is there still
 */
export async function saveCheckpoint(run: string, checkpoint: Checkpoint, files: FileLayer = disk): Promise<string> {
  const folder = join(run, checkpointFolder);
  const own = nameOf(checkpoint.state.step);
  await writeFileSafely(join(folder, own), encode(checkpoint), files);
  const names = checkpointFiles(run);
  const unused = [...names.filter((name) => name > own), ...names.filter((name) => name <= own).slice(kept)];
  // One that cannot be removed does no harm: the newest is read first.
  for (const name of unused) await files.remove(join(folder, name)).catch(() => undefined);
  return join(folder, own);
}

function encode({ state, origin, recipe, tensors, best }: Checkpoint): Uint8Array {
  const values = new Map(tensors);
  for (const [name, data] of best ?? []) values.set(bestPrefix + name, data);
  const metadata = new Map([
    ["format", "earshot-checkpoint"],
    ["state", JSON.stringify(state)],
    ["origin", JSON.stringify(origin)],
    ["recipe", JSON.stringify(recipe)],
  ]);
  metadata.set("digest", digestOf(values, metadata));
  const entries: Safetensors["tensors"] = new Map();
  for (const [name, data] of values) entries.set(name, { type: "F32", shape: [data.length], data });
  return writeSafetensors({ tensors: entries, metadata });
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
  try {
    return readdirSync(folder).filter(isCheckpointName).toSorted().toReversed();
  } catch (error) {
    throw new UserError(`${folder} could not be read: ${systemReason(error)}`, { cause: error });
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > largestFile) throw new FormatError(file, "size", `${size} bytes`, "a checkpoint has 2 GB at most");
    // Not the Buffer itself: slices of a Buffer are views of memory that it shares.
    return new Uint8Array(await readFile(file));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new UserError(`${file} could not be read: ${systemReason(error)}`, { cause: error });
  }
}

/** @throws UserError where the file cannot be read, FormatError where it is no undamaged checkpoint */
async function readCheckpoint(file: string): Promise<Checkpoint> {
  const { tensors: entries, metadata } = parseSafetensors(await readBytes(file), file);
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of entries) {
    if (!(tensor.data instanceof Float32Array)) throw new FormatError(file, `tensor ${name}`, tensor.type, "it must be F32");
    values.set(name, tensor.data);
  }
  if (metadata.get("format") !== "earshot-checkpoint") throw damaged(file, "format", "is no checkpoint");
  if (metadata.get("digest") !== digestOf(values, metadata)) throw damaged(file, "digest", "does not fit the content");
  const state = v.safeParse(stateSchema, parseJson(metadata.get("state"), file, "state"));
  if (!state.success) throw damaged(file, "state", state.issues[0].message);
  const [best, tensors] = [true, false].map(
    (wanted) => new Map([...values].filter(([name]) => name.startsWith(bestPrefix) === wanted)),
  );
  return {
    state: state.output,
    origin: parseJson(metadata.get("origin"), file, "origin") as Origin,
    recipe: parseJson(metadata.get("recipe"), file, "recipe"),
    tensors,
    best: best.size === 0 ? undefined : new Map([...best].map(([name, data]) => [name.slice(bestPrefix.length), data])),
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

/** SHA-256 of the tensors and of the metadata but the digest itself. */
function digestOf(tensors: ReadonlyMap<string, Float32Array>, metadata: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const key of [...metadata.keys()].toSorted()) {
    if (key !== "digest") hash.update(JSON.stringify([key, metadata.get(key)]));
  }
  for (const name of [...tensors.keys()].toSorted()) {
    const data = tensors.get(name) as Float32Array;
    hash.update(JSON.stringify([name, data.length])).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
