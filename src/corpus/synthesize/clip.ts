import { hashText, RandomStream } from "../../base/random.js";
import { Convolver } from "../../signal/convolve.js";
import { warpFormants, warpTable } from "../../signal/formant.js";
import { record } from "../../signal/microphone.js";
import { roomResponse } from "../../signal/room.js";
import type { Sound } from "../../signal/sound.js";
import type { Speaker } from "./speaker.js";
import { addBreath, shiftVoice } from "./utterance.js";

/** Largest change of formants, pitch and tempo between two clips of one utterance, in octaves. */
export const clipJitter = 0.05;

/** Deviation of each formant at the begin and at the end of a word, in octaves: nobody says a vowel twice the same. */
const formantJitter = 0.07;

/** What clips are made with. */
export interface ClipSetting {
  seed: number;
  sampleRate: number;
  /** Samples of a clip. */
  length: number;
  /** Background recordings, each longer than a clip. */
  noises: readonly Float32Array[];
}

const convolvers = new Map<string, Convolver>();

/**
 * Makes one clip of an utterance: shifted and warped to the speaker's voice, in the speaker's room, at a random place, with background noise,
 * through the speaker's microphone.
 * @param utterance what the speaker said, trimmed; it fits by the jitter
 * @param take number of the clip: each has other draws
 * @returns shape [setting.length]
 */
export function makeClip(utterance: Sound, speaker: Speaker, word: string, take: number, setting: ClipSetting): Float32Array {
  const { seed, sampleRate, length, noises } = setting;
  const random = new RandomStream(seed, hashText(speaker.id), hashText(word), take, 0x636c6970);
  const shifted = shiftVoice(utterance, speaker.shift * 2 ** random.between(-clipJitter, clipJitter), sampleRate);
  const warped = (): Float64Array =>
    warpTable(
      speaker.warp.map((factor) => factor * 2 ** (formantJitter * random.normal())),
      sampleRate,
    );
  const voice = speaker.warp.length > 0 ? warpFormants(shifted, warped(), warped()) : shifted;
  if (speaker.breath > 0) addBreath(voice, speaker.breath, random);
  const heard = convolverFor(speaker, setting).apply(voice.subarray(0, length));
  const clip = new Float32Array(length);
  const slack = Math.max(0, length - voice.length);
  // The mean of two draws: words stand more often in the middle, as people press a button and speak.
  const start = Math.floor((slack * (random.uniform() + random.uniform())) / 2);
  clip.set(heard.subarray(0, length - start), start);
  const loudness = rootMeanSquare(clip.subarray(start, start + Math.min(voice.length, length)));
  addNoise(clip, loudness, noises, random);
  record(clip, speaker.microphone, random, sampleRate);
  setPeak(clip, 10 ** (random.between(-24, -1.5) / 20));
  return clip;
}

function convolverFor(speaker: Speaker, { seed, sampleRate }: ClipSetting): Convolver {
  const key = `${seed}/${speaker.id}`;
  const known = convolvers.get(key);
  if (known) return known;
  const response = roomResponse(speaker.room, new RandomStream(seed, hashText(speaker.id), 0x726f6f6d), sampleRate);
  const convolver = new Convolver(response);
  // Half a megabyte each; the words of a speaker follow one another.
  if (convolvers.size >= 8) convolvers.clear();
  convolvers.set(key, convolver);
  return convolver;
}

/** Adds a piece of a background recording, 8 to 45 dB below the voice; every sixth clip has none. */
function addNoise(clip: Float32Array, loudness: number, noises: readonly Float32Array[], random: RandomStream): void {
  if (noises.length === 0 || random.uniform() < 1 / 6) return;
  const noise = random.pick(noises);
  const start = random.integer(noise.length - clip.length + 1);
  const piece = noise.subarray(start, start + clip.length);
  const ratio = random.between(8, 45);
  const gain = (loudness * 10 ** (-ratio / 20)) / Math.max(1e-5, rootMeanSquare(piece));
  for (let i = 0; i < clip.length; i++) clip[i] += gain * piece[i];
}

function rootMeanSquare(samples: Float32Array): number {
  let sum = 0;
  for (const x of samples) sum += x * x;
  return Math.sqrt(sum / Math.max(1, samples.length));
}

function setPeak(samples: Float32Array, wanted: number): void {
  let peak = 0;
  for (const x of samples) peak = Math.max(peak, Math.abs(x));
  if (peak === 0) return;
  for (let i = 0; i < samples.length; i++) samples[i] *= wanted / peak;
}
