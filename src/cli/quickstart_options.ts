import { existsSync } from "node:fs";
import type { VoiceInside } from "../signal/voices.js";
import type { CommonOptions } from "./output.js";

/** Options of `earshot quickstart`. */
export interface QuickstartArguments extends CommonOptions {
  words?: string[];
  from?: string;
  holdOut?: VoiceInside;
  out?: string;
  /** Folder of a quickstart that was stopped. */
  resume?: string;
  steps?: number;
  perWord?: number;
  seed: number;
  target?: "wasm" | "native" | "auto";
}

/** The voice that is never trained on: none of its pitches, rates, rooms or microphones. */
export const heldOutVoice = "rms";

/** The same for own words, if no other is asked for. Their settings were tuned on rms and people, and which accents the body heard on this voice. */
export const heldOutVoiceOfWords = "awb";

const voicesOnce = ["awb", "rms", "pico-us", "slt", "kal16", "pico-gb"] as const;

/** Voices that say own words, in turn; kal at both its rates. What bodies have not heard, as Pico's, teaches a head most. */
export const voicesOfWords: readonly string[] = [
  ...voicesOnce,
  ...voicesOnce.map((voice) => (voice === "kal16" ? "kal" : voice)),
];

/** Voices of own words that may be held out. */
export const voicesToHoldOut: readonly VoiceInside[] = voicesOnce;

/** Synthesised clips of each word where no number is given; of few own words there is time for more. */
export const usualPerWord = 300;
export const fewWords = 3;
export const fewWordsClips = 600;

/** The first name that is not taken: earshot-quickstart, earshot-quickstart-2, ... */
export function freeFolder(base: string): string {
  for (let n = 1; ; n++) {
    const folder = n === 1 ? base : `${base}-${n}`;
    if (!existsSync(folder)) return folder;
  }
}
