import { basename, join } from "node:path";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { UsageError, UserError } from "../base/errors.js";
import { makeFolder } from "../base/make_folder.js";
import { RandomStream } from "../base/random.js";
import { writeFileSafely } from "../formats/write_file.js";
import { readSound } from "../signal/decode.js";
import { makeNoise, noiseKinds } from "../signal/noise.js";
import { resampleSound } from "../signal/resample.js";
import { speakInVoice, type VoiceInside } from "../signal/speech.js";
import { WavFileWriter } from "../signal/wav_file_writer.js";
import { type Clip, silenceLabel, unknownLabel } from "./clip.js";
import { ClipLoader } from "./load_clip.js";
import { wordsWithout } from "./near/words_without.js";
import { listSounds } from "./scan.js";
import { readTranscripts, type Utterance } from "./transcripts.js";

/** What a long recording is made of. */
export interface LongRecordingOptions {
  /** Folder to write `long.wav` and `truth.json` to. */
  out: string;
  hours: number;
  /** Equal seeds give equal bytes. */
  seed: number;
  /** Clips of keywords and of other words. */
  clips: readonly Clip[];
  /** Words that may not sound in synthesised sentences. */
  keywords: readonly string[];
  /** Share of the scenes with a keyword. */
  keywordShare: number;
  /** Folder of running speech; without it sentences are synthesised. */
  speech?: string | undefined;
  /** What is said in the running speech. */
  transcripts?: string | undefined;
  /** Folder of noise; without it noise is made. */
  noise?: string | undefined;
  /** Voice of the sentences that are synthesised. */
  voice: VoiceInside;
  /** Ends the writing; nothing is left of the recording. */
  signal?: AbortSignal | undefined;
  onProgress?: (scenes: number, total: number) => void;
}

/** What was written. */
export interface LongRecordingResult {
  recording: string;
  truth: string;
  hours: number;
  keywords: number;
  /** Stretches of running speech in which a keyword is said. */
  ignored: number;
}

const rate = 16_000;
/** Seconds of a scene: one background, and over it a keyword, another word, running speech, or nothing. */
const sceneSeconds = 10;
const sceneSamples = sceneSeconds * rate;
const key = 0x6c6f6e67;
/** Shares of the scenes without a keyword. */
const otherWordShare = 0.15;
const speechShare = 0.6;
/** Decibels: level of speech, speech over noise, and noise alone. */
const levels = { speech: [-32, -20], ratio: [5, 25], noise: [-55, -25] } as const;
/** What of a clip is its word: from the first to the last sample above this share of its peak, as MLPerf Tiny has it. */
const wordShare = 0.05;
const longestSource = 3600;

interface Piece {
  path: string;
  start: number;
  end: number;
}

interface Scene {
  samples: Float32Array;
  event?: { start: number; end: number; label: string };
  ignored: [start: number, end: number, label: string][];
}

/**
 * Writes a long recording, scene by scene, and what is said in it. Memory does not depend on its length.
 * @throws UserError where a source cannot be read or the disk refuses, UsageError where there are no clips
 */
export async function writeLongRecording(options: LongRecordingOptions): Promise<LongRecordingResult> {
  const scenes = Math.max(1, Math.round((options.hours * 3600) / sceneSeconds));
  const maker = await SceneMaker.open(options);
  await makeFolder(options.out);
  const recording = join(options.out, "long.wav");
  const writer = await WavFileWriter.open(recording, scenes * sceneSamples, rate);
  const [windows, labels, ignored]: [[number, number][], string[], Scene["ignored"]] = [[], [], []];
  try {
    for (let i = 0; i < scenes; i++) {
      // Signals are heard between scenes, which may be made without waiting for anything.
      await turnOfTheLoop();
      options.signal?.throwIfAborted();
      const scene = await maker.make(i);
      await writer.write(scene.samples);
      const at = (seconds: number): number => Number((i * sceneSeconds + seconds).toFixed(4));
      if (scene.event !== undefined) {
        windows.push([at(scene.event.start), at(scene.event.end)]);
        labels.push(scene.event.label);
      }
      ignored.push(...scene.ignored.map(([start, end, label]): Scene["ignored"][number] => [at(start), at(end), label]));
      options.onProgress?.(i + 1, scenes);
    }
    await writer.end();
  } catch (error) {
    await writer.abandon().catch(() => undefined);
    throw error;
  }
  const truth = join(options.out, "truth.json");
  const entry = {
    wav_file: "long.wav",
    sample_rate: rate,
    length_sec: scenes * sceneSeconds,
    detection_windows: windows,
    labels,
    ignored,
  };
  await writeFileSafely(truth, Buffer.from(`${JSON.stringify([entry], null, 1)}\n`));
  return { recording, truth, hours: (scenes * sceneSeconds) / 3600, keywords: windows.length, ignored: ignored.length };
}

class SceneMaker {
  readonly #options: LongRecordingOptions;
  readonly #keywordClips: readonly Clip[];
  readonly #otherClips: readonly Clip[];
  readonly #speech: readonly Piece[];
  readonly #noise: readonly Piece[];
  readonly #transcripts: ReadonlyMap<string, readonly Utterance[]>;
  readonly #loader = new ClipLoader({ rate });
  readonly #sentences: readonly string[];
  #turn = { keyword: 0, other: 0, speech: 0, noise: 0 };

  constructor(options: LongRecordingOptions, speech: Piece[], noise: Piece[], transcripts: Map<string, Utterance[]>) {
    this.#options = options;
    const shuffled = <T>(items: readonly T[], which: number): T[] => new RandomStream(options.seed, key, which).shuffle(items);
    const spoken = options.clips.filter((clip) => clip.kind === "file" && clip.label !== silenceLabel);
    this.#keywordClips = shuffled(
      spoken.filter((clip) => clip.label !== unknownLabel),
      1,
    );
    this.#otherClips = shuffled(
      spoken.filter((clip) => clip.label === unknownLabel),
      2,
    );
    [this.#speech, this.#noise] = [shuffled(speech, 3), shuffled(noise, 4)];
    this.#transcripts = transcripts;
    this.#sentences = wordsWithout(options.keywords);
  }

  static async open(options: LongRecordingOptions): Promise<SceneMaker> {
    const { speech, noise, transcripts } = options;
    const said = transcripts === undefined ? new Map<string, Utterance[]>() : await readTranscripts(transcripts);
    const maker = new SceneMaker(options, await piecesOf(speech), await piecesOf(noise), said);
    if (maker.#keywordClips.length === 0 && options.keywordShare > 0)
      throw new UsageError("there is no clip of a keyword; give another data set, other words, or --keyword-share 0");
    return maker;
  }

  async make(index: number): Promise<Scene> {
    const random = new RandomStream(this.#options.seed, key, 5, index);
    const samples = new Float32Array(sceneSamples);
    const level = random.between(...levels.speech);
    const scene: Scene = { samples, ignored: [] };
    const draw = random.uniform();
    const rest = (draw - this.#options.keywordShare) / (1 - this.#options.keywordShare);
    if (draw < this.#options.keywordShare)
      scene.event = await this.#word(samples, this.#next("keyword", this.#keywordClips), level, random);
    else if (rest < otherWordShare && this.#otherClips.length > 0)
      await this.#word(samples, this.#next("other", this.#otherClips), level, random);
    else if (rest < otherWordShare + speechShare) scene.ignored = await this.#running(samples, level, random);
    const isQuiet = samples.every((value) => value === 0);
    const noise = await this.#background(index, random);
    addAt(samples, noise, 0, isQuiet ? random.between(...levels.noise) : level - random.between(...levels.ratio));
    return scene;
  }

  #next<T>(which: "keyword" | "other" | "speech" | "noise", items: readonly T[]): T {
    return items[this.#turn[which]++ % items.length];
  }

  /** Lays a word somewhere into the scene. */
  async #word(out: Float32Array, clip: Clip, level: number, random: RandomStream): Promise<NonNullable<Scene["event"]>> {
    const samples = new Float32Array(2 * rate);
    await this.#loader.load(clip, samples);
    const [first, last] = wordWithin(samples);
    const word = samples.subarray(first, last);
    const start = rate + random.integer(out.length - 2 * rate - word.length);
    addAt(out, word, start, level);
    return { start: start / rate, end: (start + word.length) / rate, label: clip.label };
  }

  /** Running speech over the whole scene. */
  async #running(out: Float32Array, level: number, random: RandomStream): Promise<Scene["ignored"]> {
    if (this.#speech.length === 0) {
      const text = Array.from({ length: 24 }, () => random.pick(this.#sentences)).join(" ");
      const spoken = resampleSound(await speakInVoice(this.#options.voice, text, random.between(0.8, 1.2)), rate);
      addAt(out, spoken.samples.subarray(0, out.length), 0, level);
      return [];
    }
    const piece = this.#next("speech", this.#speech);
    const samples = new Float32Array(sceneSamples);
    await this.#loader.load({ ...piece, kind: "file" }, samples);
    addAt(out, samples, 0, level);
    const within = (this.#transcripts.get(basename(piece.path)) ?? []).filter(
      ({ start, end }) => end > piece.start && start < piece.end,
    );
    return within.flatMap(({ start, end, words }) =>
      this.#options.keywords
        .filter((word) => words.has(word))
        .map((word): Scene["ignored"][number] => [
          Math.max(0, start - piece.start),
          Math.min(sceneSeconds, end - piece.start),
          word,
        ]),
    );
  }

  async #background(index: number, random: RandomStream): Promise<Float32Array> {
    if (this.#noise.length === 0) return makeNoise(random.pick(noiseKinds), sceneSamples, rate, this.#options.seed, key, index);
    const samples = new Float32Array(sceneSamples);
    await this.#loader.load({ ...this.#next("noise", this.#noise), kind: "file" }, samples);
    return samples;
  }
}

/** Whole scenes within the sounds of a folder. */
async function piecesOf(folder: string | undefined): Promise<Piece[]> {
  if (folder === undefined) return [];
  const pieces: Piece[] = [];
  for (const name of listSounds(folder)) {
    const path = join(folder, name);
    const { samples } = await readSound(path, { rate, maxSeconds: longestSource });
    for (let start = 0; start + sceneSamples <= samples.length; start += sceneSamples)
      pieces.push({ path, start: start / rate, end: start / rate + sceneSeconds });
  }
  if (pieces.length === 0) throw new UserError(`${folder}: holds no sound of at least ${sceneSeconds} s; give another folder`);
  return pieces;
}

/** First sample and the one behind the last of what is louder than a share of the peak. */
function wordWithin(samples: Float32Array): [first: number, end: number] {
  const limit = wordShare * samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const first = samples.findIndex((value) => Math.abs(value) > limit);
  const last = samples.findLastIndex((value) => Math.abs(value) > limit);
  return first < 0 ? [0, 1] : [first, last + 1];
}

/** Adds a sound at a level in decibels of root mean square; silence stays silence. */
function addAt(out: Float32Array, sound: Float32Array, start: number, level: number): void {
  let squares = 0;
  for (const value of sound) squares += value * value;
  if (squares === 0) return;
  const gain = 10 ** (level / 20) / Math.sqrt(squares / sound.length);
  for (let i = 0; i < sound.length && start + i < out.length; i++) out[start + i] += gain * sound[i];
}
