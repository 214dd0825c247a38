import { fliteVoices } from "./flite.js";
import { picoVoices } from "./pico.js";

/** Voices that need nothing installed: Flite's and SVOX Pico's. */
export const voicesInside: readonly string[] = [...fliteVoices, ...picoVoices];

export { fliteAvailable, fliteVoices, speak } from "./flite.js";
export type { FliteOptions, FliteVoice, Utterance } from "./flite.js";
export { picoSpeak, picoVoices } from "./pico.js";
export type { PicoOptions, PicoVoice } from "./pico.js";
export { espeakAvailable, espeakSpeak } from "./espeak.js";
export type { EspeakOptions } from "./espeak.js";
