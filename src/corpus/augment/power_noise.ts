import type { RandomStream } from "../../base/random.js";

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
