/** Text to speech: Flite and SVOX Pico inside, espeak-ng where the user has it. */
export { fliteAvailable, fliteVoices, speak } from "./flite.js";
export type { FliteOptions, FliteVoice, Utterance } from "./flite.js";
export { picoSpeak, picoVoices } from "./pico.js";
export type { PicoOptions, PicoVoice } from "./pico.js";
export { espeakAvailable, espeakSpeak } from "./espeak.js";
export type { EspeakOptions } from "./espeak.js";
