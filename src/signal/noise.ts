import { RandomStream } from "../base/random.js";
import { applyBiquad, makeBiquad } from "./biquad.js";

/** The kinds of background noise that can be made. */
export const noiseKinds = ["white", "pink", "brown", "hum", "babble", "kitchen", "wind", "rain", "engine", "music"] as const;
export type NoiseKind = (typeof noiseKinds)[number];

/**
 * Makes background noise, root mean square 0.1, peak below 1.
 * @param count number of samples
 * @param sampleRate Hz
 * @param seed key of the draws: equal keys give equal noise
 * @returns shape [count]
 */
export function makeNoise(kind: NoiseKind, count: number, sampleRate: number, ...seed: number[]): Float32Array {
  const random = new RandomStream(0x6e6f6973, noiseKinds.indexOf(kind), ...seed);
  const samples = new Float32Array(count);
  makers[kind](samples, sampleRate, random);
  normalise(samples);
  return samples;
}

type Maker = (samples: Float32Array, sampleRate: number, random: RandomStream) => void;

const makers: Record<NoiseKind, Maker> = {
  white: (samples, _rate, random) => addWhite(samples, random),
  pink: (samples, _rate, random) => addPink(samples, random),
  brown: (samples, rate, random) => {
    addWhite(samples, random);
    integrate(samples, Math.exp((-2 * Math.PI * 30) / rate));
  },
  hum: addHum,
  babble: addBabble,
  kitchen: addKitchen,
  wind: (samples, rate, random) => {
    addWhite(samples, random);
    integrate(samples, Math.exp((-2 * Math.PI * 120) / rate));
    modulate(samples, rate, random, 0.6, 0.1);
  },
  rain: addRain,
  engine: addEngine,
  music: addMusic,
};

/** One hash a sample: quicker than `between` where 32 bits do. */
function white(random: RandomStream): number {
  return random.bits() / 2147483648 - 1;
}

function addWhite(samples: Float32Array, random: RandomStream): void {
  for (let i = 0; i < samples.length; i++) samples[i] += white(random);
}

/** Pink noise by Paul Kellet's filter (within 0.05 dB above 9 Hz at 44.1 kHz; the slope holds at other rates). */
function addPink(samples: Float32Array, random: RandomStream): void {
  const pole = [0.99886, 0.99332, 0.969, 0.8665, 0.55, -0.7616];
  const gain = [0.0555179, 0.0750759, 0.153852, 0.3104856, 0.5329522, -0.016898];
  const state = new Float64Array(6);
  let last = 0;
  for (let i = 0; i < samples.length; i++) {
    const x = white(random);
    let sum = last + 0.5362 * x;
    for (let k = 0; k < 6; k++) {
      state[k] = pole[k] * state[k] + gain[k] * x;
      sum += state[k];
    }
    last = 0.115926 * x;
    samples[i] += sum;
  }
}

function integrate(samples: Float32Array, leak: number): void {
  let state = 0;
  for (let i = 0; i < samples.length; i++) {
    state = leak * state + samples[i];
    samples[i] = state;
  }
}

/** Multiplies by a slowly wandering level: straight lines between random points, `period` seconds apart. */
function modulate(samples: Float32Array, sampleRate: number, random: RandomStream, period: number, floor: number): void {
  const step = Math.max(1, Math.round(period * sampleRate));
  let from = random.between(floor, 1);
  for (let start = 0; start < samples.length; start += step) {
    const to = random.between(floor, 1);
    const end = Math.min(samples.length, start + step);
    for (let i = start; i < end; i++) samples[i] *= from + ((to - from) * (i - start)) / step;
    from = to;
  }
}

function addHum(samples: Float32Array, sampleRate: number, random: RandomStream): void {
  const turn = (2 * Math.PI * (random.uniform() < 0.5 ? 50 : 60)) / sampleRate;
  const parts = Array.from({ length: 12 }, (_, k) => ({
    n: k + 1,
    level: random.uniform() / (k + 1),
    phase: random.between(0, 6.28),
  }));
  for (let i = 0; i < samples.length; i++) {
    let sum = 0.02 * white(random);
    for (const { n, level, phase } of parts) sum += level * Math.sin(phase + n * turn * i);
    samples[i] += sum;
  }
}

/** Many unintelligible voices: buzzing sources through moving formants, switched on and off as syllables. */
function addBabble(samples: Float32Array, sampleRate: number, random: RandomStream): void {
  for (let talker = 0; talker < 6; talker++) {
    const pitch = random.between(85, 240);
    const level = random.between(0.3, 1);
    for (let at = random.integer(sampleRate); at < samples.length; ) {
      const length = Math.round(random.between(0.08, 0.35) * sampleRate);
      const end = Math.min(samples.length, at + length);
      addSyllable(samples.subarray(at, end), sampleRate, random, pitch * random.between(0.85, 1.2), level);
      at = end + Math.round(random.between(0.01, random.uniform() < 0.15 ? 0.8 : 0.12) * sampleRate);
    }
  }
}

function addSyllable(target: Float32Array, sampleRate: number, random: RandomStream, pitch: number, level: number): void {
  const voiced = random.uniform() < 0.8;
  const source = new Float32Array(target.length);
  let phase = 0;
  for (let i = 0; i < source.length; i++) {
    phase += (pitch * (1 - (0.15 * i) / source.length)) / sampleRate;
    if (phase >= 1) phase -= 1;
    source[i] = (voiced ? 0.5 - phase : 0) + (voiced ? 0.05 : 0.4) * white(random);
  }
  const formants: [number, number][] = voiced
    ? [
        [random.between(280, 850), 14],
        [random.between(850, 2400), 14],
        [random.between(2400, 3200), 8],
      ]
    : [[random.between(2500, 6000), 12]];
  applyBiquad(source, makeBiquad("lowpass", voiced ? 900 : 7000, sampleRate));
  for (const [frequency, gain] of formants) applyBiquad(source, makeBiquad("peak", frequency, sampleRate, 4, gain));
  for (let i = 0; i < source.length; i++) target[i] += level * source[i] * Math.sin((Math.PI * i) / source.length) * 0.5;
}

/** Clinking and thuds over running water. */
function addKitchen(samples: Float32Array, sampleRate: number, random: RandomStream): void {
  addWhite(samples, random);
  applyBiquad(samples, makeBiquad("peak", random.between(600, 1500), sampleRate, 1, 10));
  for (let i = 0; i < samples.length; i++) samples[i] *= 0.03;
  for (let at = 0; at < samples.length; at += Math.round(random.between(0.05, 0.9) * sampleRate)) {
    const clink = random.uniform() < 0.7;
    const seconds = clink ? random.between(0.03, 0.3) : random.between(0.02, 0.1);
    const partials = Array.from({ length: 4 }, () => (clink ? random.between(1200, 7000) : random.between(80, 600)));
    addRinging(samples.subarray(at), sampleRate, random, partials, seconds, 10 ** random.between(-1, 0));
  }
}

/** Decaying partials: something hard was struck. */
function addRinging(
  target: Float32Array,
  sampleRate: number,
  random: RandomStream,
  partials: readonly number[],
  seconds: number,
  level: number,
): void {
  const end = Math.min(target.length, Math.round(5 * seconds * sampleRate));
  const decay = Math.exp(-1 / (seconds * sampleRate));
  for (const frequency of partials) {
    // A phasor that turns and shrinks: one complex product a sample.
    const turn = (2 * Math.PI * frequency) / sampleRate;
    const cosine = decay * Math.cos(turn);
    const sine = decay * Math.sin(turn);
    const phase = random.between(0, 2 * Math.PI);
    let x = (level / partials.length) * Math.cos(phase);
    let y = (level / partials.length) * Math.sin(phase);
    for (let i = 0; i < end; i++) {
      target[i] += y;
      const next = x * cosine - y * sine;
      y = x * sine + y * cosine;
      x = next;
    }
  }
}

function addRain(samples: Float32Array, sampleRate: number, random: RandomStream): void {
  for (let i = 0; i < samples.length; i++) samples[i] += 0.15 * white(random);
  applyBiquad(samples, makeBiquad("highpass", 500, sampleRate));
  for (let at = 0; at < samples.length; at += 1 + random.integer(Math.round(sampleRate / 40))) {
    addRinging(samples.subarray(at), sampleRate, random, [random.between(1500, 7000)], 0.002, random.uniform() ** 3);
  }
}

/** A motor: harmonics of a wandering speed, and rumble. */
function addEngine(samples: Float32Array, sampleRate: number, random: RandomStream): void {
  const levels = Array.from({ length: 20 }, (_, k) => random.uniform() / Math.sqrt(k + 1));
  let speed = random.between(18, 60);
  let wanted = speed;
  let phase = 0;
  for (let i = 0; i < samples.length; i++) {
    if (i % sampleRate === 0) wanted = Math.min(75, Math.max(15, speed * random.between(0.8, 1.25)));
    speed += (wanted - speed) / sampleRate;
    phase += (2 * Math.PI * speed) / sampleRate;
    let sum = 0.3 * white(random);
    for (let k = 0; k < levels.length; k++) sum += levels[k] * Math.sin((k + 1) * phase);
    samples[i] += sum;
  }
  applyBiquad(samples, makeBiquad("lowpass", 2500, sampleRate));
}

/** Chords that change every half second or so, with a beat. */
function addMusic(samples: Float32Array, sampleRate: number, random: RandomStream): void {
  const scale = [0, 2, 4, 5, 7, 9, 11, 12];
  const root = random.between(110, 180);
  const beat = Math.round(random.between(0.28, 0.6) * sampleRate);
  for (let at = 0; at < samples.length; at += beat) {
    const notes = Array.from({ length: 3 }, () => root * 2 ** ((random.pick(scale) + 12 * random.integer(2)) / 12));
    const partials = notes.flatMap((note) => [note, 2 * note, 3 * note]);
    addRinging(samples.subarray(at), sampleRate, random, partials, random.between(0.1, 0.4), random.between(0.5, 1));
    const drum = samples.subarray(at, Math.min(samples.length, at + 800));
    for (let i = 0; i < drum.length; i++) drum[i] += 0.3 * white(random) * Math.exp(-i / 150);
  }
}

function normalise(samples: Float32Array): void {
  let power = 0;
  for (const x of samples) power += x * x;
  if (power === 0) return;
  const gain = 0.1 / Math.sqrt(power / samples.length);
  // A soft limit: sharp clicks may otherwise stand far above the mean.
  for (let i = 0; i < samples.length; i++) samples[i] = 0.95 * Math.tanh((gain * samples[i]) / 0.95);
}
