import { hashKey, RandomStream } from "../../base/random.js";
import { warpKnots } from "../../signal/formant.js";
import { randomMicrophone } from "../../signal/microphone.js";
import type { Microphone } from "../../signal/microphone.js";
import { randomRoom } from "../../signal/room.js";
import type { Room } from "../../signal/room.js";
import { isPicoVoice } from "../../signal/voices.js";

/** Whose voices are drawn: those inside, of Flite and Pico, or those of an installed espeak-ng. */
export type SpeechEngine = "flite" | "espeak";
export type SplitName = "training" | "validation" | "testing";

/** What the engine is asked for. Speakers with one source differ in tract, room and microphone. */
export interface VoiceSource {
  engine: SpeechEngine | "pico";
  voice: string;
  /** Mean fundamental frequency, Hz. */
  pitch: number;
  /** Its standard deviation, Hz. */
  pitchDeviation: number;
  /** Factor on durations. */
  stretch: number;
  /** Sounds that are said differently. */
  accent: string[];
}

/** One synthetic person: a voice of the engine with a setting of its own, in a room, at a microphone. */
export interface Speaker {
  /** 8 hexadecimal digits, the speaker part of a file name. */
  id: string;
  split: SplitName;
  source: VoiceSource;
  /** Factor on pitch, tempo and formants together, by resampling. */
  shift: number;
  /** Factors on the formants alone, at the frequencies of `warpKnots`; empty: none. */
  warp: number[];
  /** Breath noise relative to the voice, 0 to 0.2. */
  breath: number;
  room: Room;
  microphone: Microphone;
}

/** Vocal tract of a voice relative to a man's (1), and its usual pitch in Hz. */
const voiceTraits: Record<string, { tract: number; pitch: number }> = {
  awb: { tract: 1, pitch: 120 },
  rms: { tract: 0.97, pitch: 88 },
  slt: { tract: 1.15, pitch: 168 },
  kal: { tract: 1, pitch: 105 },
  kal16: { tract: 1, pitch: 105 },
  "pico-us": { tract: 1.15, pitch: 167 },
  "pico-gb": { tract: 1.15, pitch: 178 },
};
const unknownVoice = { tract: 1, pitch: 120 };

/** Fundamental frequency of a voice as it is, Hz. */
export function usualPitch(voice: string): number {
  return (voiceTraits[voice] ?? unknownVoice).pitch;
}

/** Voices of the engine that are the same person. */
const samePerson: readonly (readonly string[])[] = [["kal", "kal16"]];

/** Whether a voice, or another recording of the same person, is held out. */
export function isHeldOut(voice: string, heldOut: readonly string[]): boolean {
  return heldOut.some((held) => held === voice || samePerson.some((group) => group.includes(held) && group.includes(voice)));
}

/** One name for all voices of the engine that are the same person. */
export function personOf(voice: string): string {
  return samePerson.find((group) => group.includes(voice))?.[0] ?? voice;
}

/** What a set of speakers is drawn from. */
export interface SpeakerOptions {
  seed: number;
  split: SplitName;
  engine: SpeechEngine;
  voices: readonly string[];
  count: number;
  sampleRate: number;
  /** Every so many sources of training and validation stay near the voice itself, as those for testing do; 0: none. */
  naturalEvery?: number;
  /** Fastest and slowest speech for training and validation, as octaves of the voice's own durations; default -0.45 to 0.35, as for testing. */
  pace?: readonly [fastest: number, slowest: number];
}

const usualPace = [-0.45, 0.35] as const;

/**
 * Draws speakers. Those for training and validation spread over vocal tracts and pitches from a deep man's to a child's,
 * whatever the voice they are made from; those for testing stay near the voice itself.
 */
export function drawSpeakers(options: SpeakerOptions): Speaker[] {
  return Array.from({ length: options.count }, (_, index) => drawSpeaker(options, index));
}

const splitKeys: Record<SplitName, number> = { training: 1, validation: 2, testing: 3 };

/** Speakers that share a source, so that one utterance serves them all. */
export const speakersPerSource = 2;

function drawSpeaker(options: SpeakerOptions, index: number): Speaker {
  const { seed, split, engine, voices, sampleRate } = options;
  const group = Math.floor(index / speakersPerSource);
  const shared = new RandomStream(seed, splitKeys[split], group, 0x737263);
  const random = new RandomStream(seed, splitKeys[split], index, 0x73706b);
  const voice = voices[group % voices.length];
  const trait = voiceTraits[voice] ?? unknownVoice;
  const { naturalEvery = 0 } = options;
  const pace = split === "testing" ? usualPace : (options.pace ?? usualPace);
  // Counted by rounds through the voices, so that each voice has its natural sources.
  const natural = naturalEvery > 0 && Math.floor(group / voices.length) % naturalEvery === 0;
  const near = split === "testing" || natural;
  const setting = near ? nearTo(trait, shared, random) : anybody(voice, trait, shared, random);
  const { pitch, shift, warp } = setting;
  return {
    id: hashKey(seed, splitKeys[split], index, 0x6964).toString(16).padStart(8, "0"),
    split,
    source: {
      engine: isPicoVoice(voice) ? "pico" : engine,
      voice,
      pitch,
      pitchDeviation: pitch * shared.between(0.03, 0.16),
      stretch: setting.meanShift * 2 ** shared.between(...pace),
      accent: engine === "flite" && split !== "testing" ? drawAccent(shared) : [],
    },
    shift,
    warp,
    breath: random.uniform() < 0.4 ? random.between(0.03, 0.2) : 0,
    room: randomRoom(random),
    microphone: randomMicrophone(random, sampleRate),
  };
}

interface Trait {
  tract: number;
  pitch: number;
}

interface VoiceSetting {
  pitch: number;
  shift: number;
  /** Middle of the shifts of all speakers of the source. */
  meanShift: number;
  warp: number[];
}

/** The voice itself, a little higher or lower. */
function nearTo(trait: Trait, shared: RandomStream, random: RandomStream): VoiceSetting {
  return {
    pitch: trait.pitch * 2 ** shared.between(-0.25, 0.25),
    shift: 2 ** random.between(-0.08, 0.08),
    meanShift: 1,
    warp: [],
  };
}

/** Voices whose pitch the engine cannot set: for them the shift makes the pitch and the warp undoes what it does to the formants. */
const fixedPitch = new Set(["rms"]);

/**
 * Anybody from a deep man to a child. Pitch grows with the fourth power of the tract's scale: from 105 Hz for a man to
 * 200 Hz for a woman, whose tract is 17 % shorter.
 */
function anybody(voice: string, trait: Trait, shared: RandomStream, random: RandomStream): VoiceSetting {
  const middle = shared.between(0.9, 1.28);
  const tract = middle * 2 ** random.between(-0.12, 0.12);
  const pitch = Math.min(320, Math.max(75, 105 * middle ** 4 * 2 ** (0.3 * shared.normal())));
  const formant = tract / trait.tract;
  const fixed = fixedPitch.has(voice);
  const meanShift = fixed ? Math.min(1.7, Math.max(0.85, pitch / trait.pitch)) : middle / trait.tract;
  const shift = fixed ? meanShift * 2 ** random.between(-0.12, 0.12) : formant;
  const warp = Array.from({ length: warpKnots.length - 2 }, () => (formant / shift) * 2 ** (0.09 * random.normal()));
  return { pitch: pitch / meanShift, shift, meanShift, warp: warp.map((factor) => Math.min(1.6, Math.max(0.55, factor))) };
}

/** Ways of speaking English: phone of the CMU set said otherwise. A trailing `$` holds at the end of a word only. */
export const accentRules: Record<string, [from: string, to: string]> = {
  caughtAsCot: ["ao", "aa"],
  cotAsCaught: ["aa", "ao"],
  shortEe: ["iy", "ih"],
  longIh: ["ih", "iy"],
  openEh: ["eh", "ae"],
  closedAe: ["ae", "eh"],
  openUh: ["ah", "aa"],
  droppedEr: ["er$", "ax"],
  droppedR: ["r$", ""],
  hardTh: ["th", "t"],
  devoicedZ: ["z", "s"],
  singleOw: ["ow", "ao"],
};

function drawAccent(random: RandomStream): string[] {
  return Object.keys(accentRules).filter(() => random.uniform() < 0.12);
}

/** The phones as this speaker says them. */
export function accented(phones: readonly string[], accent: readonly string[]): string[] {
  return phones.flatMap((phone, i) => {
    for (const rule of accent) {
      const [from, to] = accentRules[rule];
      if (from === phone || (from === `${phone}$` && i === phones.length - 1)) return to === "" ? [] : [to];
    }
    return [phone];
  });
}
