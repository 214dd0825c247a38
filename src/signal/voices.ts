import { UsageError } from "../base/errors.js";

/** The voices of Flite: a Scottish man, a US man, a US woman, and one US man at 8 and at 16 kHz. */
export const fliteVoices = ["awb", "rms", "slt", "kal", "kal16"] as const;
export type FliteVoice = (typeof fliteVoices)[number];

/** The voices of SVOX Pico, in voices/pico: an American and a British woman. */
export const picoVoices = ["pico-us", "pico-gb"] as const;
export type PicoVoice = (typeof picoVoices)[number];

/** A voice that needs nothing installed. */
export type VoiceInside = FliteVoice | PicoVoice;
export const voicesInside: readonly VoiceInside[] = [...fliteVoices, ...picoVoices];

export function isPicoVoice(voice: string): voice is PicoVoice {
  return (picoVoices as readonly string[]).includes(voice);
}

/** @throws UsageError for the first name that is no voice inside */
export function refuseUnknownVoices(voices: readonly string[]): void {
  const wrong = voices.find((voice) => !(voicesInside as readonly string[]).includes(voice));
  if (wrong !== undefined) throw new UsageError(`there is no voice '${wrong}'; the voices are ${voicesInside.join(", ")}`);
}
