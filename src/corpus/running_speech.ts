import { join } from "node:path";
import { UsageError } from "../base/errors.js";
import { makeFolder } from "../base/make_folder.js";
import { hashText, RandomStream } from "../base/random.js";
import { writeFileSafely } from "../formats/write_file.js";
import { makeNoise, noiseKinds } from "../signal/noise.js";
import { refuseUnknownVoices } from "../signal/voices.js";
import { encodeWav } from "../signal/wav.js";
import { wordsWithout } from "./near/words_without.js";
import { clipJitter, makeClip } from "./synthesize/clip.js";
import { drawSpeakers, type Speaker } from "./synthesize/speaker.js";
import { sayWithin } from "./synthesize/utterance.js";

/** What running speech is made of. */
export interface RunningSpeechOptions {
  /** Folder for the recordings and `running.jsonl`. */
  out: string;
  /** Recordings; each has one speaker. */
  count: number;
  /** Seconds of a recording. */
  seconds: number;
  /** Equal seeds give equal bytes. */
  seed: number;
  /** Voices inside, of Flite and Pico. */
  voices: readonly string[];
  /** Words that are never said. */
  keywords: readonly string[];
  /** Length of the clips that the manifest names, seconds. */
  clipSeconds: number;
  onProgress?: (done: number, total: number) => void;
  /** Aborted: no further recording is spoken; the manifest has what was, and the call fails with the signal's reason. */
  signal?: AbortSignal;
}

/** What was written. */
export interface RunningSpeechResult {
  manifest: string;
  recordings: number;
  clips: number;
}

const rate = 16_000;
const key = 0x72756e6e;
const noiseSeconds = 20;
const wordsASecond = 2.2;
/** What a clip is called in the manifest: no word of any task, so it is labelled `_unknown_`. */
const word = "running_speech";
/** A clip is named where its loudest tenth of a second is above this share of the recording's. */
const audible = 0.1;

/**
 * Writes running speech without certain words, and a manifest of its overlapping clips: what a detector must not answer to.
 * Sentences are words drawn from the vocabulary, said without pauses by speakers as `data synth` has them.
 * @throws UsageError for options that make no sense, UserError where something cannot be written
 */
export async function writeRunningSpeech(options: RunningSpeechOptions): Promise<RunningSpeechResult> {
  const { out, count, seconds, seed, clipSeconds } = options;
  if (clipSeconds > seconds)
    throw new UsageError(`a clip of ${clipSeconds} s is longer than its recording of ${seconds} s; raise --seconds`);
  refuseUnknownVoices(options.voices);
  await makeFolder(out);
  const speakers = drawSpeakers({
    seed,
    split: "training",
    engine: "flite",
    voices: options.voices,
    count,
    sampleRate: rate,
    naturalEvery: 4,
  });
  const noises = noiseKinds.map((kind, i) => makeNoise(kind, Math.max(noiseSeconds, seconds + 1) * rate, rate, seed, key, i));
  const setting = { seed, sampleRate: rate, length: Math.round(seconds * rate), noises };
  const lines: string[] = [];
  for (const [i, speaker] of speakers.entries()) {
    const samples = await recording(speaker, i, options, setting);
    const name = `${speaker.id}_running_${i}.wav`;
    await writeFileSafely(join(out, name), encodeWav({ samples, sampleRate: rate }));
    for (const start of clipStarts(samples, clipSeconds))
      lines.push(
        JSON.stringify({ path: name, label: word, speaker: speaker.id, split: "training", start, end: start + clipSeconds }),
      );
    options.onProgress?.(i + 1, count);
    if (options.signal?.aborted === true) break;
  }
  const manifest = join(out, "running.jsonl");
  await writeFileSafely(manifest, Buffer.from(lines.map((line) => `${line}\n`).join("")));
  options.signal?.throwIfAborted();
  return { manifest, recordings: count, clips: lines.length };
}

async function recording(
  speaker: Speaker,
  index: number,
  { seconds, seed, keywords }: RunningSpeechOptions,
  setting: Parameters<typeof makeClip>[4],
): Promise<Float32Array> {
  const random = new RandomStream(seed, key, index);
  const words = wordsWithout(keywords);
  const text = Array.from({ length: Math.max(1, Math.round(seconds * wordsASecond)) }, () => random.pick(words)).join(" ");
  const limits = { shift: speaker.shift * 2 ** -clipJitter, longest: seconds - 0.01 };
  const utterance = await sayWithin(speaker.source, text, limits);
  return makeClip(utterance, speaker, word, hashText(text), setting);
}

/** Starts of the clips in which somebody speaks, half a clip apart, in seconds. */
function clipStarts(samples: Float32Array, clipSeconds: number): number[] {
  const length = Math.round(clipSeconds * rate);
  const peak = loudest(samples);
  const starts: number[] = [];
  for (let start = 0; start + length <= samples.length; start += length / 2)
    if (loudest(samples.subarray(Math.floor(start), Math.floor(start) + length)) > audible * peak)
      starts.push(Math.floor(start) / rate);
  return starts;
}

/** Root mean square of the loudest tenth of a second. */
function loudest(samples: Float32Array): number {
  const window = rate / 10;
  let most = 0;
  for (let start = 0; start + window <= samples.length; start += window) {
    let sum = 0;
    for (let i = start; i < start + window; i++) sum += samples[i]! ** 2;
    most = Math.max(most, Math.sqrt(sum / window));
  }
  return most;
}
