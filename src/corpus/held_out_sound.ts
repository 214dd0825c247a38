import { RandomStream } from "../base/random.js";
import { makeNoise, noiseKinds } from "../signal/noise.js";
import { resampleSound } from "../signal/resample.js";
import { speakInVoice, type VoiceInside } from "../signal/speech.js";
import { vocabulary } from "./near/near_phrases.js";

/** A long recording in memory. */
export interface LongRecording {
  name: string;
  /** At 16 kHz. */
  samples: Float32Array;
}

const sampleRate = 16_000;
/** Words of one utterance. */
const sentence = [4, 14] as const;

/** Noise of every kind, not the recordings that a synthetic data set of this seed has. */
export function* heldOutNoise(seconds: number, seed: number): Generator<LongRecording> {
  const count = Math.round((seconds * sampleRate) / noiseKinds.length);
  for (const kind of noiseKinds) yield { name: kind, samples: makeNoise(kind, count, sampleRate, seed, 0x68656c64) };
}

/**
 * Random sentences of common words in one voice, at varying pace.
 * @param avoided words that must not occur
 */
export async function heldOutSpeech(
  voice: VoiceInside,
  seconds: number,
  seed: number,
  avoided: readonly string[],
): Promise<LongRecording[]> {
  const random = new RandomStream(seed, 0x73706368);
  const without = new Set(avoided);
  const words = vocabulary().filter((word) => !without.has(word.text));
  const recordings: LongRecording[] = [];
  let heard = 0;
  while (heard < seconds) {
    const text = Array.from({ length: sentence[0] + random.integer(sentence[1] - sentence[0]) }, () => random.pick(words).text);
    const sound = resampleSound(await speakInVoice(voice, text.join(" "), random.between(0.8, 1.2)), sampleRate);
    recordings.push({ name: text.join(" "), samples: sound.samples });
    heard += sound.samples.length / sampleRate;
  }
  return recordings;
}
