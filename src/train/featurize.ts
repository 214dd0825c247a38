import { basename, extname } from "node:path";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { hashText, RandomStream } from "../base/random.js";
import { UserError } from "../base/errors.js";
import { ArchiveWriter } from "../corpus/archive_writer.js";
import type { Clip, Split } from "../corpus/clip.js";
import { backgroundFolder, splits } from "../corpus/clip.js";
import type { Dataset } from "../corpus/dataset.js";
import { ClipLoader } from "../corpus/load_clip.js";
import { loadNoise, pieceOfNoise } from "../corpus/noise_bank.js";
import type { FrontendDescription } from "../frontend/frontend.js";
import { archivedDescription, buildFrontend, oneSecond } from "../frontend/frontend.js";
import type { SoundShape } from "../frontend/options.js";
import { FrontendRunner } from "./frontend_runner.js";
import type { RowNoise } from "./row_maker.js";
import { rowsOf } from "./row_pool.js";
import { rowShape } from "./row_shape.js";

/** How a data set is turned into an archive. */
export interface FeaturizeOptions {
  /** Samples of a clip and their rate; one second at 16 kHz unless told. */
  readonly sound?: SoundShape | undefined;
  /** Cuts recordings into rows of so many frames instead of clips of one length. */
  readonly rows?: RowOptions | undefined;
  /** What computes. */
  readonly target?: "oracle" | "wasm" | "native" | "auto" | undefined;
  /** Seed of the pieces of background noise. Default 0. */
  readonly seed?: number | undefined;
  /** Whether an archive that is there is replaced. Default false. */
  readonly replace?: boolean | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops the work; nothing is left in the folder. */
  readonly signal?: AbortSignal | undefined;
}

/** How recordings are cut into rows. */
export interface RowOptions {
  /** Frames of a row, and from one row to the next. */
  readonly window: number;
  readonly shift: number;
  /** Background noise that is mixed into some recordings. */
  readonly noise?: RowNoise | undefined;
  /** Threads beside this one. Default 0. */
  readonly workers?: number | undefined;
}

/** What an archive came to. */
export interface FeaturizedSet {
  readonly root: string;
  readonly count: number;
  /** Shape of one array. */
  readonly shape: readonly [number, number];
  /** How elements are stored. */
  readonly type: "f32" | "u8";
  readonly bytes: number;
  readonly clips: Readonly<Record<Split, number>>;
}

/**
 * Writes the features of every clip of every split into an archive: for log_mel the logarithms of the bands, on which the rest of
 * the front end is computed as they are read. Generated silence is zeros as in evaluation, but in training a piece of background
 * noise at a random volume, as the word `_background_noise_`. Values that are whole numbers of a byte are stored as bytes.
 * @param root folder of the archive
 * @throws UserError where a clip cannot be read or the archive cannot be written; then there is no archive
 */
export async function featurize(
  dataset: Dataset,
  description: FrontendDescription,
  root: string,
  options: FeaturizeOptions = {},
): Promise<FeaturizedSet> {
  const { sound = oneSecond, signal } = options;
  if (dataset.clips.length === 0) throw new UserError(`${dataset.root}: there are no clips to compute features of`);
  if (options.rows !== undefined) return featurizeRows(dataset, description, root, options, options.rows);
  const archived = archivedDescription(description);
  const fromAudio = buildFrontend(archived, sound);
  const [, frames, bins] = fromAudio.outputs[0].value.type.shape;
  const shape: [number, number] = [frames, bins];
  const type = isBytes(archived) ? "u8" : "f32";
  const source = await openClips(dataset, sound, options.seed ?? 0);
  const runner = await FrontendRunner.open(
    { fromAudio, arrayShape: shape, featureShape: shape },
    sound.samples,
    options.target ?? "auto",
  );
  const { labels } = dataset;
  let writer: ArchiveWriter | undefined;
  try {
    writer = new ArchiveWriter(root, { itemShape: shape, type, frontend: description, labels, replace: options.replace });
    for (let from = 0; from < dataset.clips.length; from += runner.group) {
      // Ctrl-C is heard between groups.
      await turnOfTheLoop();
      signal?.throwIfAborted();
      const group = dataset.clips.slice(from, from + runner.group);
      for (const [i, clip] of group.entries()) await source.load(clip, from + i, runner.audio(i));
      runner.run();
      for (const [i, clip] of group.entries()) writer.append(source.rowOf(clip), runner.result(i));
      options.onProgress?.(from + group.length, dataset.clips.length);
    }
    writer.close();
  } catch (error) {
    abandon(writer);
    throw error;
  } finally {
    runner.close();
  }
  return outcome(root, shape, type, (split) => dataset.clips.filter((clip) => clip.split === split).length);
}

function outcome(
  root: string,
  shape: readonly [number, number],
  type: "f32" | "u8",
  countOf: (split: Split) => number,
): FeaturizedSet {
  const clips = Object.fromEntries(splits.map((split) => [split, countOf(split)])) as Record<Split, number>;
  const count = splits.reduce((sum, split) => sum + clips[split], 0);
  return { root, count, shape, type, bytes: count * shape[0] * shape[1] * (type === "u8" ? 1 : 4), clips };
}

/** Writes the rows of every recording of every split. */
async function featurizeRows(
  dataset: Dataset,
  description: FrontendDescription,
  root: string,
  options: FeaturizeOptions,
  { window, shift, noise, workers = 0 }: RowOptions,
): Promise<FeaturizedSet> {
  const frontend = archivedDescription(description);
  const { rate } = options.sound ?? oneSecond;
  const plan = { frontend, rate, window, shift, noise, seed: options.seed ?? 0, target: options.target ?? "auto" } as const;
  const shape: [number, number] = [window, rowShape(frontend, window, rate).bins];
  const type = isBytes(frontend) ? "u8" : "f32";
  const counts = new Map<Split, number>();
  let writer: ArchiveWriter | undefined;
  try {
    writer = new ArchiveWriter(root, {
      itemShape: shape,
      type,
      frontend: description,
      labels: dataset.labels,
      replace: options.replace,
    });
    let place = 0;
    for await (const rows of rowsOf(plan, dataset.clips, { workers, signal: options.signal })) {
      const { path, word, split } = dataset.clips[place++] as Clip;
      const row = { word, name: basename(path, extname(path)), split };
      const width = shape[0] * shape[1];
      for (let at = 0; at < rows.length; at += width) writer.append(row, rows.subarray(at, at + width));
      counts.set(split, (counts.get(split) ?? 0) + rows.length / width);
      options.onProgress?.(place, dataset.clips.length);
    }
    if (writer.count === 0)
      throw new UserError(`${dataset.root}: no recording is long enough for a frame; there would be no row in the archive`);
    writer.close();
  } catch (error) {
    abandon(writer);
    throw error;
  }
  return outcome(root, shape, type, (split) => counts.get(split) ?? 0);
}

/** Removes what was written; the reason why nothing more was written is the one to tell. */
function abandon(writer: ArchiveWriter | undefined): void {
  try {
    writer?.abort();
  } catch {
    return;
  }
}

/** Whether all values are whole numbers from 0 to 255. */
function isBytes(description: FrontendDescription): boolean {
  if (description.kind !== "log_mel") return false;
  const { round, clipLow, clipHigh } = description;
  return round && clipLow !== null && clipLow >= 0 && clipHigh !== null && clipHigh <= 255;
}

/** Where samples and rows of the index come from. */
interface ClipSource {
  load(clip: Clip, place: number, out: Float32Array): Promise<void>;
  rowOf(clip: Clip): { word: string; name: string; split: Split };
}

async function openClips(dataset: Dataset, sound: SoundShape, seed: number): Promise<ClipSource> {
  const loader = new ClipLoader({ rate: sound.rate });
  const generates = dataset.clips.some((clip) => clip.kind === "silence" && clip.split === "training");
  const noise = generates ? await loadNoise(dataset.noise, { rate: sound.rate, clipSamples: sound.samples }) : [];
  const isPiece = (clip: Clip): boolean => clip.kind === "silence" && clip.split === "training" && noise.length > 0;
  return {
    load: async (clip, place, out) => {
      if (isPiece(clip)) pieceOfNoise(noise, 1, new RandomStream(seed, hashText("featurize"), place), out);
      else if (!loader.loadNow(clip, out)) await loader.load(clip, out);
    },
    rowOf: (clip) => {
      const name = basename(clip.path, extname(clip.path));
      return { word: isPiece(clip) ? backgroundFolder : clip.word, name, split: clip.split };
    },
  };
}
