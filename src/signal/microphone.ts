import type { RandomStream } from "../base/random.js";
import { applyBiquad, makeBiquad } from "./biquad.js";

/** A recording chain. */
export interface Microphone {
  /** Band limits, Hz. */
  lowCut: number;
  highCut: number;
  /** Spectral tilt: a shelf of so many dB above 1 kHz. */
  tilt: number;
  /** Resonances of the case: frequency in Hz, gain in dB. */
  peaks: { frequency: number; gain: number }[];
  /** 0: linear; 1: strong soft clipping. */
  drive: number;
  /** Mains hum relative to full scale (0: none) and its frequency, Hz. */
  hum: number;
  mains: 50 | 60;
  /** Own noise, relative to full scale. */
  noise: number;
}

/** A microphone from a good headset to a cheap laptop. */
export function randomMicrophone(random: RandomStream, sampleRate: number): Microphone {
  const peaks = Array.from({ length: 1 + random.integer(3) }, () => ({
    frequency: 200 * 30 ** random.uniform(),
    gain: random.between(-5, 5),
  }));
  return {
    lowCut: random.between(20, 160),
    highCut: random.uniform() < 0.15 ? random.between(3400, 5500) : random.between(5500, 0.49 * sampleRate),
    tilt: random.between(-5, 5),
    peaks,
    drive: random.uniform() < 0.2 ? random.between(0.05, 0.6) : 0,
    hum: random.uniform() < 0.25 ? 10 ** random.between(-4, -2.3) : 0,
    mains: random.uniform() < 0.5 ? 50 : 60,
    noise: 10 ** random.between(-4.5, -3),
  };
}

/**
 * Records a signal through a microphone: equaliser, band limits, soft clipping, hum and own noise.
 * @param samples shape [n], changed in place; full scale 1
 * @param random draws the noise and the phase of the hum
 * @param sampleRate Hz
 */
export function record(samples: Float32Array, microphone: Microphone, random: RandomStream, sampleRate: number): void {
  applyBiquad(samples, makeBiquad("highpass", microphone.lowCut, sampleRate));
  if (microphone.highCut < 0.45 * sampleRate) applyBiquad(samples, makeBiquad("lowpass", microphone.highCut, sampleRate));
  applyBiquad(samples, makeBiquad("highshelf", 1000, sampleRate, 0.5, microphone.tilt));
  for (const { frequency, gain } of microphone.peaks) applyBiquad(samples, makeBiquad("peak", frequency, sampleRate, 1.2, gain));
  if (microphone.drive > 0) clipSoftly(samples, microphone.drive);
  const phase = random.between(0, 2 * Math.PI);
  const turn = (2 * Math.PI * microphone.mains) / sampleRate;
  for (let i = 0; i < samples.length; i++) {
    const hum = microphone.hum * (Math.sin(phase + turn * i) + 0.5 * Math.sin(phase + 3 * turn * i));
    samples[i] += hum + microphone.noise * random.between(-1, 1);
  }
}

/** Odd-order saturation that keeps the peak where it was. */
function clipSoftly(samples: Float32Array, drive: number): void {
  let peak = 0;
  for (const x of samples) peak = Math.max(peak, Math.abs(x));
  if (peak === 0) return;
  const gain = 1 + 4 * drive;
  const top = Math.tanh(gain);
  for (let i = 0; i < samples.length; i++) samples[i] = (peak * Math.tanh((gain * samples[i]) / peak)) / top;
}
