import { existsSync } from "node:fs";
import { readdir, rm, rmdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { UsageError, UserError } from "../base/errors.js";
import { makeFolder } from "../base/make_folder.js";
import { unwritable } from "../base/system_error.js";
import { writeFileSafely } from "../formats/write_file.js";
import { makeNoise, noiseKinds } from "../signal/noise.js";
import { encodeWav } from "../signal/wav.js";
import { espeakAvailable } from "../signal/speech.js";
import { refuseUnknownVoices } from "../signal/voices.js";
import { runTasks } from "./synthesize/pool.js";
import { drawSpeakers, isHeldOut, speakersPerSource } from "./synthesize/speaker.js";
import type { Speaker, SpeechEngine, SplitName } from "./synthesize/speaker.js";
import { clipPlaces } from "./synthesize/task.js";
import type { Job, Task } from "./synthesize/task.js";

export { commandWords, otherWords } from "./synthesize/words.js";
export type { Speaker, SpeechEngine } from "./synthesize/speaker.js";

/** What is synthesised. */
export interface SynthesisOptions {
  /** Words or phrases; the folder of a phrase has `_` for its spaces. */
  words: readonly string[];
  /** Clips of each word, over all splits. */
  perWord: number;
  /** Equal seeds give equal bytes. */
  seed: number;
  /** Folder to write, new or empty. */
  out: string;
  /** Words that stand for everything else; default none. Those that are among `words` are left out. */
  unknownWords?: readonly string[];
  /** Clips of each unknown word; default an eighth of `perWord`, rounded up (at least 4 where voices are held out). */
  unknownPerWord?: number;
  /** Further words that stand for something else, each group with its own number of clips. */
  others?: readonly OtherSpeech[];
  /** Default "flite", which is inside; its voices may be mixed with Pico's. */
  engine?: SpeechEngine;
  /** Voices of the engine; default all of Flite's or a mix of accents and variants (espeak-ng). */
  voices?: readonly string[];
  /** Voices that are tested with only; with them the three lists of the split are written. */
  heldOutVoices?: readonly string[];
  /** Share of the clips for testing and validation where voices are held out; defaults 0.15 and 0.1. */
  testingShare?: number;
  validationShare?: number;
  /** Every so many speakers for training and validation have a voice of the engine as it is, little changed; default 0, none. */
  naturalEvery?: number;
  /** Fastest and slowest speech for training and validation, as octaves of the voices' own durations; default -0.45 to 0.35. */
  pace?: readonly [fastest: number, slowest: number];
  /** Length of a clip, seconds; default 1. */
  clipSeconds?: number;
  /** Length of each background recording, seconds; default 30. */
  noiseSeconds?: number;
  /** Threads; default the machine's, at most 8. The result does not depend on it. */
  workers?: number;
  /** The espeak-ng program; default "espeak-ng". */
  espeakProgram?: string;
  onProgress?: (done: number, total: number) => void;
  /** Ends the work with the signal's reason. */
  signal?: AbortSignal;
}

/** Words that are none of the wanted ones. */
export interface OtherSpeech {
  words: readonly string[];
  /** Clips of each word in each split; without held-out voices the training's alone are made. */
  clips: Readonly<Record<SplitName, number>>;
  /** The words are phones of the CMU set with blanks between; for Flite alone. */
  phones?: boolean;
}

/** What was written. */
export interface SynthesisResult {
  clips: number;
  speakers: number;
  /** Clips a split; all are training clips where no voice is held out. */
  splits: Record<SplitName, number>;
}

const sampleRate = 16_000;
const fliteMix = ["awb", "rms", "slt", "kal16", "awb", "rms", "slt", "kal"];
const espeakMix = [
  "en-us",
  "en-gb+f3",
  "en-gb-scotland+m3",
  "en-us+f2",
  "en-gb-x-rp+m7",
  "en-us+m2",
  "en-029+f4",
  "en-gb+m5",
  "en-us+f5",
];

/**
 * Writes a synthetic data set in the layout of Speech Commands: `WORD/SPEAKER_nohash_N.wav` (16 kHz, mono, 16 bits),
 * `_background_noise_/KIND.wav`, `speakers.jsonl` (a line a speaker with its voice, settings, room and microphone) and, where
 * voices are held out, `training_list.txt`, `validation_list.txt` and `testing_list.txt`: testing has all clips of the voices
 * held out, validation has settings of the other voices that training does not have.
 * Where it ends early, nothing is left of it.
 * @throws UsageError for options that make no sense, UserError where something cannot be spoken or written
 */
export async function synthesizeDataset(options: SynthesisOptions): Promise<SynthesisResult> {
  const plan = await makePlan(options);
  const { out } = options;
  await checkEmpty(out);
  const isNew = !existsSync(out);
  try {
    await makeFolders(out, plan.tasks);
    return await speak(options, plan);
  } catch (error) {
    // What removing does not reach, the next run names.
    await clear(out, isNew).catch(() => undefined);
    throw error;
  }
}

async function speak(options: SynthesisOptions, plan: Plan): Promise<SynthesisResult> {
  const noises = await writeNoises(options);
  const job: Job = {
    out: options.out,
    setting: { seed: options.seed, sampleRate, length: clipLength(options), noises },
    speakers: plan.speakers,
    program: options.espeakProgram,
  };
  const total = plan.tasks.reduce((sum, task) => sum + task.speakers.length, 0);
  let done = 0;
  await runTasks(
    job,
    plan.tasks,
    options.workers ?? Math.min(8, availableParallelism()),
    (count) => {
      done += count;
      options.onProgress?.(done, total);
    },
    options.signal,
  );
  return writeLists(options, plan);
}

interface Plan {
  speakers: Speaker[];
  tasks: Task[];
  heldOut: boolean;
}

async function makePlan(options: SynthesisOptions): Promise<Plan> {
  const engine = options.engine ?? "flite";
  checkNumbers(options);
  const words = options.words.map(checkWord);
  if (words.length === 0) throw new UsageError("no words to synthesise; name at least one");
  // Also where only the case differs: they sound alike, and on some disks their folders are one.
  const folders = words.map((word) => folderOf(word).toLowerCase());
  const twice = words.find((_, i) => folders.indexOf(folders[i] as string) < i);
  if (twice !== undefined) throw new UsageError(`the word '${twice}' is listed twice; name every word once`);
  if (engine === "espeak" && !(await espeakAvailable(options.espeakProgram)))
    throw new UserError("espeak-ng is not installed; install it or use the engine flite");
  const heldOut = options.heldOutVoices ?? [];
  const { voices, held } = chooseVoices(engine, options.voices, heldOut);
  const wordClips = splitCounts(options.perWord, held.length > 0, options);
  const others = otherSpeech(options, words.map(folderOf), held.length > 0);
  if (engine === "espeak" && others.some((group) => group.phones === true))
    throw new UsageError("phones are spoken by the engine flite alone; leave them out or use flite");
  const speakers: Speaker[] = [];
  const tasks: Task[] = [];
  for (const split of ["training", "validation", "testing"] as const) {
    // Few people say many other words; no more speakers are made for them.
    const needed = Math.max(wordClips[split], ...others.map(({ clips }) => Math.min(clips[split], 4)));
    const count = speakersPerSource * Math.ceil(needed / speakersPerSource);
    const first = speakers.length;
    const drawnVoices = split === "testing" ? held : voices;
    const drawn = drawSpeakers({
      seed: options.seed,
      split,
      engine,
      voices: drawnVoices,
      count,
      sampleRate,
      naturalEvery: options.naturalEvery,
      pace: options.pace,
    });
    speakers.push(...drawn);
    const everyone = drawn.map((_, index) => first + index);
    for (const text of words) tasks.push(...wordTasks(text, share(wordClips[split], everyone, drawnVoices.length, 0)));
    let turn = 0;
    for (const { words: texts, clips, phones } of others)
      for (const text of texts) tasks.push(...wordTasks(text, share(clips[split], everyone, drawnVoices.length, turn++), phones));
  }
  if (new Set(speakers.map((speaker) => speaker.id)).size < speakers.length)
    throw new UserError(`seed ${options.seed} gives two speakers one name; use another seed`);
  return { speakers, tasks, heldOut: held.length > 0 };
}

/** The unknown words and all further groups, without the wanted words and without repetitions. */
function otherSpeech(options: SynthesisOptions, folders: readonly string[], split: boolean): OtherSpeech[] {
  const each = options.unknownPerWord ?? Math.max(split ? 4 : 1, Math.ceil(options.perWord / 8));
  const unknown = { words: options.unknownWords ?? [], clips: splitCounts(each, split, options) };
  const taken = new Set(folders);
  return [unknown, ...(options.others ?? [])].map((group) => ({
    ...group,
    words: group.words.map(checkWord).filter((word) => {
      const folder = folderOf(word);
      const fresh = !taken.has(folder);
      taken.add(folder);
      return fresh;
    }),
  }));
}

/**
 * Deals out clips as equally as can be, to speakers that share a source first.
 * @param voices how many voices the sources take turns with
 * @param turn the source to begin with
 * @returns a speaker for each clip
 */
function share(clips: number, speakers: readonly number[], voices: number, turn: number): number[] {
  const sources = speakers.length / speakersPerSource;
  // A stride through the sources, so that few clips come from all tracts; prime to the voices, so that they come from all voices.
  let stride = Math.max(1, Math.floor(speakers.length / Math.max(clips, 1)));
  while (greatestCommonDivisor(stride, voices) > 1) stride--;
  return Array.from({ length: clips }, (_, clip) => {
    const source = (Math.floor(clip / speakersPerSource) * stride + turn) % sources;
    return speakers[source * speakersPerSource + (clip % speakersPerSource)];
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** One task for all clips of a word that can be made of one utterance. */
function wordTasks(text: string, speakers: readonly number[], phones = false): Task[] {
  const groups = new Map<number, number[]>();
  for (const speaker of speakers) {
    const source = Math.floor(speaker / speakersPerSource);
    groups.set(source, [...(groups.get(source) ?? []), speaker]);
  }
  return [...groups.values()].map((members) => ({ speakers: members, text, folder: folderOf(text), phones }));
}

function splitCounts(clips: number, split: boolean, options: SynthesisOptions): Record<SplitName, number> {
  if (!split) return { training: clips, validation: 0, testing: 0 };
  const testing = Math.max(1, Math.round(clips * (options.testingShare ?? 0.15)));
  const validation = Math.max(1, Math.round(clips * (options.validationShare ?? 0.1)));
  return { training: Math.max(0, clips - testing - validation), validation, testing };
}

function chooseVoices(
  engine: SpeechEngine,
  wanted: readonly string[] | undefined,
  heldOut: readonly string[],
): { voices: string[]; held: string[] } {
  const all = wanted ?? (engine === "flite" ? fliteMix : espeakMix);
  if (engine === "flite") refuseUnknownVoices([...all, ...heldOut]);
  const voices = all.filter((voice) => !isHeldOut(voice, heldOut));
  if (voices.length === 0) throw new UsageError("no voice is left to train on; hold fewer voices out");
  return { voices, held: [...new Set(heldOut)] };
}

function whole(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new UsageError(`${name} is ${value}; it must be a whole number from ${low} to ${high}`);
}

function between(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) throw new UsageError(`${name} is ${value}; it must be from ${low} to ${high}`);
}

function checkNumbers(options: SynthesisOptions): void {
  whole("the number of clips a word", options.perWord, options.heldOutVoices?.length ? 3 : 1, 1_000_000);
  if (options.unknownPerWord !== undefined)
    whole("the number of clips an unknown word", options.unknownPerWord, options.heldOutVoices?.length ? 3 : 1, 1_000_000);
  whole("the seed", options.seed, 0, 2 ** 32 - 1);
  if (options.workers !== undefined) whole("the number of workers", options.workers, 1, 64);
  between("the length of a clip in seconds", options.clipSeconds ?? 1, 0.3, 10);
  between("the length of background recordings in seconds", options.noiseSeconds ?? 30, options.clipSeconds ?? 1, 600);
  between("the share for testing", options.testingShare ?? 0.15, 0, 0.5);
  between("the share for validation", options.validationShare ?? 0.1, 0, 0.4);
}

/**
 * A word that can name a folder, spaces made single.
 * @throws UsageError for a word that cannot
 */
export function checkWord(word: string): string {
  const text = word.trim().replace(/\s+/g, " ");
  if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N}' -]*$/u.test(text) || text.length > 60)
    throw new UsageError(`'${word}' cannot be a word; use letters, digits, spaces, ' and -, at most 60`);
  return text;
}

/** Folder of the clips of a word or phrase. */
export function folderOf(text: string): string {
  return text.replaceAll(" ", "_");
}

function clipLength(options: SynthesisOptions): number {
  return Math.round((options.clipSeconds ?? 1) * sampleRate);
}

async function checkEmpty(out: string): Promise<void> {
  const content = await readdir(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw unwritable(out, error);
  });
  if (content.length > 0) throw new UserError(`${out}: the folder is not empty; name a new one or remove it first`);
}

async function makeFolders(out: string, tasks: readonly Task[]): Promise<void> {
  for (const folder of ["_background_noise_", ...new Set(tasks.map((task) => task.folder))])
    await makeFolder(join(out, folder)).catch((error: unknown) => {
      throw unwritable(join(out, folder), error);
    });
}

/** Empties a folder that was empty before, and removes it where it is new. */
async function clear(out: string, isNew: boolean): Promise<void> {
  for (const name of await readdir(out)) await rm(join(out, name), { recursive: true, force: true });
  if (isNew) await rmdir(out);
}

/** Makes and writes the background recordings; they lie in shared memory, so that workers need no copies. */
async function writeNoises(options: SynthesisOptions): Promise<Float32Array[]> {
  const count = Math.round((options.noiseSeconds ?? 30) * sampleRate);
  const noises: Float32Array[] = [];
  for (const kind of noiseKinds) {
    const samples = makeNoise(kind, count, sampleRate, options.seed);
    await writeFileSafely(join(options.out, "_background_noise_", `${kind}.wav`), encodeWav({ samples, sampleRate }));
    const shared = new Float32Array(new SharedArrayBuffer(4 * count));
    shared.set(samples);
    noises.push(shared);
  }
  return noises;
}

async function writeLists({ out }: SynthesisOptions, { speakers, tasks, heldOut }: Plan): Promise<SynthesisResult> {
  const lists: Record<SplitName, string[]> = { training: [], validation: [], testing: [] };
  for (const task of tasks) {
    for (const { speaker, name } of clipPlaces(task, speakers)) lists[speaker.split].push(name);
  }
  for (const [split, names] of Object.entries(lists)) {
    if (heldOut) await writeFileSafely(join(out, `${split}_list.txt`), Buffer.from(`${names.toSorted().join("\n")}\n`));
  }
  const heard = [...new Set(tasks.flatMap((task) => task.speakers))].toSorted((a, b) => a - b).map((index) => speakers[index]);
  await writeFileSafely(
    join(out, "speakers.jsonl"),
    Buffer.from(heard.map((speaker) => `${JSON.stringify(speaker)}\n`).join("")),
  );
  const splits = { training: lists.training.length, validation: lists.validation.length, testing: lists.testing.length };
  return { clips: splits.training + splits.validation + splits.testing, speakers: heard.length, splits };
}
