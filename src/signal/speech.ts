export { fliteAvailable, speak } from "./flite.js";
export type { FliteOptions, Utterance } from "./flite.js";
export { picoSpeak } from "./pico.js";
export type { PicoOptions } from "./pico.js";
export { speakInVoice } from "./speak_in_voice.js";
export { fliteVoices, picoVoices, voicesInside } from "./voices.js";
export type { FliteVoice, PicoVoice, VoiceInside } from "./voices.js";
export { espeakAvailable, espeakSpeak } from "./espeak.js";
export type { EspeakOptions } from "./espeak.js";
