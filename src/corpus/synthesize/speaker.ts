import { hashKey, RandomStream } from "../../base/random.js";
import { randomMicrophone } from "../../signal/microphone.js";
import type { Microphone } from "../../signal/microphone.js";
import { randomRoom } from "../../signal/room.js";
import type { Room } from "../../signal/room.js";

export type SpeechEngine = "flite" | "espeak";
export type SplitName = "training" | "validation" | "testing";

/** One synthetic person: a voice of the engine with a setting of its own, in a room, at a microphone. */
export interface Speaker {
  /** 8 hexadecimal digits, the speaker part of a file name. */
  id: string;
  split: SplitName;
  engine: SpeechEngine;
  voice: string;
  /** Mean fundamental frequency wanted, Hz. */
  pitch: number;
  /** Standard deviation of the fundamental frequency, Hz. */
  pitchDeviation: number;
  /** Factor on all formants against the voice's own: above 1 is a shorter vocal tract. */
  formant: number;
  /** Factor on durations. */
  stretch: number;
  /** Breath noise relative to the voice, 0 to 0.3. */
  breath: number;
  /** Sounds that this speaker says differently. */
  accent: string[];
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
};

/** Voices of the engine that are the same person. */
const samePerson: readonly (readonly string[])[] = [["kal", "kal16"]];

/** Whether a voice, or another recording of the same person, is held out. */
export function isHeldOut(voice: string, heldOut: readonly string[]): boolean {
  return heldOut.some((held) => held === voice || samePerson.some((group) => group.includes(held) && group.includes(voice)));
}

/** What a set of speakers is drawn from. */
export interface SpeakerOptions {
  seed: number;
  split: SplitName;
  engine: SpeechEngine;
  voices: readonly string[];
  count: number;
  sampleRate: number;
}

/**
 * Draws speakers. Those for training and validation spread over vocal tracts and pitches from a deep man's to a child's,
 * whatever the voice they are made from; those for testing stay near the voice itself.
 */
export function drawSpeakers(options: SpeakerOptions): Speaker[] {
  return Array.from({ length: options.count }, (_, index) => drawSpeaker(options, index));
}

const splitKeys: Record<SplitName, number> = { training: 1, validation: 2, testing: 3 };

function drawSpeaker(options: SpeakerOptions, index: number): Speaker {
  const { seed, split, engine, voices, sampleRate } = options;
  const random = new RandomStream(seed, splitKeys[split], index, 0x73706b);
  const voice = voices[index % voices.length];
  const trait = voiceTraits[voice] ?? { tract: 1, pitch: 120 };
  const { formant, pitch } = split === "testing" ? nearTo(trait, random) : anybody(trait, random);
  return {
    id: hashKey(seed, splitKeys[split], index, 0x6964).toString(16).padStart(8, "0"),
    split,
    engine,
    voice,
    pitch,
    pitchDeviation: pitch * random.between(0.03, 0.16),
    formant,
    stretch: 2 ** random.between(-0.45, 0.4),
    breath: random.uniform() < 0.4 ? random.between(0.03, 0.3) : 0,
    accent: engine === "flite" && split !== "testing" ? drawAccent(random) : [],
    room: randomRoom(random),
    microphone: randomMicrophone(random, sampleRate),
  };
}

interface Trait {
  tract: number;
  pitch: number;
}

function nearTo(trait: Trait, random: RandomStream): { formant: number; pitch: number } {
  return { formant: 2 ** random.between(-0.08, 0.08), pitch: trait.pitch * 2 ** random.between(-0.25, 0.25) };
}

/** Pitch grows with the fourth power of the tract's scale: from 105 Hz for a man to 200 Hz for a woman with tracts 17 % shorter. */
function anybody(trait: Trait, random: RandomStream): { formant: number; pitch: number } {
  const tract = random.between(0.88, 1.3);
  const formant = Math.min(1.35, Math.max(0.75, tract / trait.tract));
  const pitch = Math.min(340, Math.max(75, 105 * tract ** 4 * 2 ** (0.3 * random.normal())));
  return { formant, pitch };
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
  return Object.keys(accentRules).filter(() => random.uniform() < 0.08);
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
