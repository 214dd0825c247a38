/** Text to speech: Flite inside, espeak-ng where the user has it. */
export { fliteAvailable, fliteVoices, speak } from "./flite.js";
export type { FliteOptions, FliteVoice, Utterance } from "./flite.js";
export { espeakAvailable, espeakSpeak } from "./espeak.js";
export type { EspeakOptions } from "./espeak.js";
