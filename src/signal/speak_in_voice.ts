import { speak } from "./flite.js";
import { picoSpeak } from "./pico.js";
import type { Sound } from "./sound.js";
import { isPicoVoice, type VoiceInside } from "./voices.js";

/**
 * Speaks a text in any of the voices inside, by the engine that has it.
 * @param stretch duration relative to the voice's own, 0.2 to 5
 * @throws UserError for a text that cannot be spoken or where the engine is missing, UsageError for a stretch out of range
 */
export function speakInVoice(voice: VoiceInside, text: string, stretch: number): Promise<Sound> {
  return isPicoVoice(voice) ? picoSpeak(text, { voice, stretch }) : speak(text, { voice, stretch });
}
