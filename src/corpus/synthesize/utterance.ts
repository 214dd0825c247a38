import { UserError } from "../../base/errors.js";
import type { RandomStream } from "../../base/random.js";
import { resample } from "../../signal/resample.js";
import type { Sound } from "../../signal/sound.js";
import { espeakSpeak, picoSpeak, speak } from "../../signal/speech.js";
import type { FliteVoice, PicoVoice, Utterance } from "../../signal/speech.js";
import { trimSilence } from "./trim.js";
import { accented, usualPitch } from "./speaker.js";
import type { VoiceSource } from "./speaker.js";

/** Fastest and slowest that the engine is asked to speak. */
const leastStretch = 0.3;
const mostStretch = 3;
/** Voices are shifted by resampling; whole multiples of this rate keep the filters small, Hz. */
const rateStep = 160;

/** What may stand around a word, so that it is not always said in the same way. */
export const carriers: readonly string[] = ["{}", "{}", "say {}", "the {}", "{} again", "{}, please", "now, {}", "{}?"];

/** Voices whose phone times are exact, so that a word can be cut out of a phrase. */
const exactTimes = new Set(["awb", "rms", "slt"]);

const phonesOf = new Map<string, string[]>();

/** What an utterance must fit into. */
export interface FitLimits {
  /** Smallest factor by which it will be resampled. */
  shift: number;
  /** Longest duration after that, seconds. */
  longest: number;
  /** The espeak-ng program, where it is not the usual one. */
  program?: string;
  /** The text is phones of the CMU set. */
  phones?: boolean;
}

/**
 * Says a text, silence cut off. A text that does not fit is said faster, never cut.
 * @param carrier one of the carriers; a voice whose times are not exact says the text alone
 * @throws UserError where it does not fit even when said as fast as the engine can
 */
export async function sayWithin(source: VoiceSource, text: string, limits: FitLimits, carrier = "{}"): Promise<Sound> {
  const { shift, longest } = limits;
  let { stretch } = source;
  for (let attempt = 0; attempt < 4; attempt++) {
    const spoken = await say(source, text, Math.min(mostStretch, Math.max(leastStretch, stretch)), carrier, limits);
    const sound = { samples: trimSilence(spoken.samples, spoken.sampleRate), sampleRate: spoken.sampleRate };
    if (sound.samples.length === 0) throw new UserError(`'${text}' cannot be spoken: the voice ${source.voice} was silent`);
    const seconds = sound.samples.length / sound.sampleRate / shift;
    if (seconds <= longest) return sound;
    stretch *= (0.96 * longest) / seconds;
    if (stretch < leastStretch) break;
  }
  throw new UserError(
    `'${text}' does not fit into ${longest.toFixed(2)} s even when spoken fast; use a shorter phrase or longer clips`,
  );
}

async function say(
  source: VoiceSource,
  text: string,
  stretch: number,
  carrier: string,
  { program, phones: asPhones = false }: FitLimits,
): Promise<Sound> {
  const { voice, accent } = source;
  if (source.engine === "espeak") {
    // 50 is a voice's own pitch and 100 about an octave above it; 175 words a minute its own rate.
    const pitch = Math.min(99, Math.max(0, 50 + 50 * Math.log2(source.pitch / 120)));
    return espeakSpeak(text, { voice, pitch, rate: Math.min(450, Math.max(80, 175 / stretch)), program });
  }
  if (source.engine === "pico") return sayWithPico(source, text, stretch, asPhones);
  const options = {
    voice: voice as FliteVoice,
    pitch: Math.min(500, Math.max(40, source.pitch)),
    pitchDeviation: source.pitchDeviation,
    stretch,
  };
  if (asPhones) return speak(accented(text.split(" "), accent).join(" "), { ...options, phones: true });
  if (carrier !== "{}" && exactTimes.has(voice)) {
    const found = cutWord(await speak(carrier.replace("{}", text), options), await plainPhones(text));
    if (found) return found;
  }
  if (accent.length > 0) {
    const plain = await plainPhones(text);
    const phones = accented(plain, accent);
    if (phones.join() !== plain.join()) return speak(phones.join(" "), { ...options, phones: true });
  }
  return speak(text, options);
}

/** Pico tells no times of phones: it says the text alone. */
async function sayWithPico(source: VoiceSource, text: string, stretch: number, asPhones: boolean): Promise<Sound> {
  const voice = source.voice as PicoVoice;
  const pitch = Math.min(2, Math.max(0.5, source.pitch / usualPitch(voice)));
  const plain = asPhones ? text.split(" ") : source.accent.length > 0 ? await plainPhones(text) : [];
  const phones = accented(plain, source.accent).join(" ");
  const byPhones = asPhones || phones !== plain.join(" ");
  return picoSpeak(byPhones ? phones : text, { voice, pitch, stretch, phones: byPhones });
}

/** Cuts the word with these phones out of a phrase; undefined where it was said otherwise. */
function cutWord(phrase: Utterance, phones: readonly string[]): Sound | undefined {
  const { samples, sampleRate, times } = phrase;
  const wanted = phones.join(" ");
  const first = phrase.phones.findIndex((_, i) => phrase.phones.slice(i, i + phones.length).join(" ") === wanted);
  if (first < 0) return undefined;
  const [begin] = times[first];
  const [, end] = times[first + phones.length - 1];
  return { samples: samples.slice(Math.floor(begin * sampleRate), Math.ceil(end * sampleRate)), sampleRate };
}

async function plainPhones(text: string): Promise<string[]> {
  const known = phonesOf.get(text);
  if (known) return known;
  const { phones } = await speak(text, { voice: "slt" });
  phonesOf.set(text, phones);
  return phones;
}

/**
 * Shifts pitch, tempo and formants together by resampling.
 * @param factor above 1: higher and shorter
 * @param sampleRate wanted, Hz
 */
export function shiftVoice(sound: Sound, factor: number, sampleRate: number): Float32Array {
  const from = Math.max(rateStep, rateStep * Math.round((sound.sampleRate * factor) / rateStep));
  return resample(sound.samples, from, sampleRate).slice();
}

/** Adds breath: noise that follows the voice's envelope, without its low tones. */
export function addBreath(samples: Float32Array, amount: number, random: RandomStream): void {
  let envelope = 0;
  let last = 0;
  for (let i = 0; i < samples.length; i++) {
    envelope += 0.005 * (Math.abs(samples[i]) - envelope);
    const noise = random.bits() / 2147483648 - 1;
    samples[i] += 2 * amount * envelope * (noise - last);
    last = noise;
  }
}
