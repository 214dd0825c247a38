import { readdirSync } from "node:fs";
import { join } from "node:path";
import { UsageError, UserError } from "../base/errors.js";
import { findPath } from "../base/find_path.js";
import { isSoundName } from "../corpus/scan.js";
import { decodeSoundAt, readSound } from "../signal/decode.js";
import { decide } from "./keyword_decision.js";
import type { Spotter } from "./spotter.js";

/** What a model hears in a recording. */
export interface Prediction {
  /** The file as it was named; "-" for standard input. */
  file: string;
  label: string;
  /** Probability of the label. */
  score: number;
  /** Probability of every label. */
  scores: Record<string, number>;
  /** Seconds at which the labelled clip starts in a longer recording. */
  start?: number;
}

const longestSeconds = 600;
const deepest = 32;
const mostFiles = 1_000_000;

/**
 * The sound files that arguments name: files as they are, folders with all that lies in them, sorted; "-" stands for itself.
 * @throws UserError for a path that is not there, or a folder without sounds; UsageError for "-" twice
 */
export function soundFiles(paths: readonly string[]): string[] {
  if (paths.filter((path) => path === "-").length > 1)
    throw new UsageError("- is named more than once, and standard input can be read once; leave the others out");
  return paths.flatMap((path) => {
    if (path === "-") return [path];
    const found = findPath(path);
    if (found === undefined) throw new UserError(`${path}: there is no such file or folder; check the path`);
    if (!found.isDirectory()) return [path];
    const files: string[] = [];
    collect(path, files, 0);
    if (files.length === 0) throw new UserError(`${path}: there are no .wav, .flac, .ogg or .opus files in this folder`);
    return files;
  });
}

function collect(folder: string, files: string[], depth: number): void {
  if (depth > deepest || files.length > mostFiles)
    throw new UserError(`${folder}: too many files or folders; name a smaller folder`);
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith(".")) collect(path, files, depth + 1);
    else if (!entry.isDirectory() && isSoundName(entry.name)) files.push(path);
  }
}

/**
 * Labels one recording. A shorter one is padded with zeros at its end; of a longer one the loudest stretch is labelled.
 * @param file path, or "-" with `bytes`
 * @param bytes a sound file's content, read instead of the path
 * @throws UserError where it cannot be read or holds no sound
 */
export async function predictFile(spotter: Spotter, file: string, bytes?: Uint8Array): Promise<Prediction> {
  const { rate, samples } = spotter;
  const limits = { maxSeconds: longestSeconds, remedy: "cut it into pieces" };
  const sound =
    bytes === undefined
      ? await readSound(file, { rate, ...limits })
      : await decodeSoundAt(bytes, "standard input", { rate, ...limits });
  if (sound.samples.length === 0) throw new UserError(`${file}: the file holds no sound`);
  const start = loudestStretch(sound.samples, samples);
  const audio = new Float32Array(samples);
  audio.set(sound.samples.subarray(start, start + samples));
  const probabilities = await spotter.scoreSounds(audio, 1);
  const best = decide(probabilities, 0, spotter.labels, spotter.threshold);
  const scores = Object.fromEntries(spotter.labels.map((label, i) => [label, probabilities[i]]));
  const at = sound.samples.length > samples ? { start: start / rate } : {};
  return { file, label: spotter.labels[best], score: probabilities[best], scores, ...at };
}

/**
 * First sample of the stretch with the most energy, in steps of a hundredth of a stretch. Where its neighbours hold nearly as much,
 * the middle of them: a short word comes to lie in the middle.
 * @param length samples of the stretch
 */
export function loudestStretch(samples: Float32Array, length: number): number {
  const last = samples.length - length;
  if (last <= 0) return 0;
  const step = Math.max(1, Math.floor(length / 100));
  const sums = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i++) sums[i + 1] = sums[i] + samples[i] * samples[i];
  const energies = Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => sums[i * step + length] - sums[i * step]);
  const best = energies.indexOf(energies.reduce((most, energy) => Math.max(most, energy), 0));
  const enough = (i: number) => i >= 0 && i < energies.length && energies[i] >= 0.95 * energies[best];
  let [from, to] = [Math.max(0, best), Math.max(0, best)];
  while (enough(from - 1)) from--;
  while (enough(to + 1)) to++;
  return Math.floor((from + to) / 2) * step;
}
