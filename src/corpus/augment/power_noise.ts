import type { RandomStream } from "../../base/random.js";
import type { LogPower } from "./log_power.js";
import { bytePowers, fastLog, powerOf } from "./log_power.js";

/** How often and how loud arrays of noise are mixed into arrays of speech. */
export interface PowerNoiseOptions {
  /** Probability. */
  frequency: number;
  /** Power gain of the noise in dB, uniform. */
  decibels: readonly [number, number];
}

/** Which array of noise is mixed in. */
export interface PowerNoiseChoice {
  /** Index among the noise arrays; -1 for none. */
  noise: number;
  /** Frame of the noise that falls on frame 0; it runs round. */
  firstFrame: number;
  decibels: number;
}

/** Draws an array of noise, a place in it and a gain. */
export function drawPowerNoise(
  options: PowerNoiseOptions,
  arrays: number,
  frames: number,
  random: RandomStream,
): PowerNoiseChoice {
  const heard = random.uniform() < options.frequency && arrays > 0;
  if (!heard) return { noise: -1, firstFrame: 0, decibels: 0 };
  return { noise: random.integer(arrays), firstFrame: random.integer(frames), decibels: random.between(...options.decibels) };
}

/**
 * Adds noise to log-power features: powers of independent sounds add approximately.
 * @param features shape [frames, bins], values of the form
 * @param noise shape [frames, bins], read from `firstFrame` on and round
 * @param decibels power gain of the noise
 * @param out shape [frames, bins]; may be `features` where that is float
 */
export function mixPower(
  features: Float32Array | Uint8Array,
  noise: Float32Array | Uint8Array,
  bins: number,
  firstFrame: number,
  decibels: number,
  form: LogPower,
  out: Float32Array,
): void {
  const { scale, floor, lowest, highest } = form;
  const factor = 10 ** (decibels / 10);
  const powers = bytePowers(form);
  const [voiceBytes, noiseBytes] = [features instanceof Uint8Array, noise instanceof Uint8Array];
  let at = (firstFrame * bins) % noise.length;
  for (let i = 0; i < features.length; i++) {
    const voice = voiceBytes ? powers[features[i]] : powerOf(features[i], form);
    const other = noiseBytes ? powers[noise[at]] : powerOf(noise[at], form);
    const value = scale * fastLog(floor + voice + factor * other);
    out[i] = value < lowest ? lowest : value > highest ? highest : value;
    at = at + 1 === noise.length ? 0 : at + 1;
  }
}
