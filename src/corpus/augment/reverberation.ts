import type { RandomStream } from "../../base/random.js";

/** Ranges from which a room is drawn. */
export interface ReverberationOptions {
  /** Probability that a clip is reverberated. */
  probability: number;
  /** Time in which the reverberation falls by 60 dB, in seconds. Default 0.15 to 0.8. */
  decaySeconds?: readonly [number, number] | undefined;
  /** Power of the reverberation relative to the direct sound, in dB. Default -20 to 0. */
  wetDecibels?: readonly [number, number] | undefined;
  /** Hz. Default 16000. */
  sampleRate?: number | undefined;
}

/** One room. */
export interface Room {
  /** Samples. */
  delays: number[];
  /** Factor a pass, by delay line. */
  gains: number[];
  /** Coefficient of the one-pole low pass in each line, 0 to 1: walls swallow high frequencies. */
  damping: number;
  /** Early reflections: samples of delay and factors. */
  early: { delay: number; gain: number }[];
  /** Power of the reverberation relative to the direct sound, in dB. */
  wetDecibels: number;
}

// Incommensurable path lengths in ms; scaled by the size of the room.
const pathMilliseconds = [17.3, 21.1, 25.9, 29.7, 34.3, 39.1, 43.7, 50.3];
const lines = pathMilliseconds.length;
const earlyReflections = 6;
// Samples computed at once; no delay is shorter, so a block only reads what earlier blocks wrote.
const block = 64;

/** Draws a room, or undefined for none. */
export function drawRoom(options: ReverberationOptions, random: RandomStream): Room | undefined {
  if (random.uniform() >= options.probability) return undefined;
  const rate = options.sampleRate ?? 16000;
  const decay = random.between(...(options.decaySeconds ?? ([0.15, 0.8] as const)));
  const wetDecibels = random.between(...(options.wetDecibels ?? ([-20, 0] as const)));
  const size = random.between(0.5, 1.4);
  const delays = pathMilliseconds.map((path) =>
    Math.max(block, Math.round(((path * size * rate) / 1000) * random.between(0.95, 1.05))),
  );
  // 60 dB in `decay` seconds (Jot and Chaigne 1991).
  const gains = delays.map((delay) => 10 ** ((-3 * delay) / (decay * rate)));
  const early = Array.from({ length: earlyReflections }, () => {
    const delay = Math.max(1, Math.round(random.between(0.002, 0.03) * size * rate));
    return { delay, gain: (random.uniform() < 0.5 ? -1 : 1) * 10 ** ((-3 * delay) / (decay * rate)) * random.between(0.3, 0.8) };
  });
  return { delays, gains, damping: random.between(0.1, 0.6), early, wetDecibels };
}

/**
 * Adds the sound of a room: early reflections and a feedback delay network of eight lines with a Householder matrix (Jot and
 * Chaigne 1991). The direct sound stays in place and the power of the clip is kept. Holds its buffers, so use one for many clips.
 */
export class Reverberator {
  /** By line: what leaves it, sample by sample, then what is still inside. */
  #lines: Float32Array[] = [];
  #wet = new Float32Array(0);
  readonly #filtered = new Float32Array(lines * block);
  readonly #sums = new Float32Array(block);
  readonly #memories = new Float32Array(lines);

  /**
   * @param samples shape [n]
   * @param room delays of at least 64 samples
   * @param out shape [n]; may be `samples`
   */
  apply(samples: Float32Array, room: Room, out: Float32Array): void {
    this.#prepare(samples.length, room);
    for (let from = 0; from < samples.length; from += block)
      this.#runBlock(samples, room, from, Math.min(block, samples.length - from));
    const wet = this.#wet;
    for (const { delay, gain } of room.early) for (let i = delay; i < samples.length; i++) wet[i] += samples[i - delay] * gain;
    const dry = power(samples);
    const added = power(wet);
    if (dry === 0 || added === 0) {
      if (out !== samples) out.set(samples);
      return;
    }
    const level = Math.sqrt((dry / added) * 10 ** (room.wetDecibels / 10));
    for (let i = 0; i < samples.length; i++) out[i] = samples[i] + wet[i] * level;
    const gain = Math.sqrt(dry / power(out));
    for (let i = 0; i < out.length; i++) out[i] *= gain;
  }

  #prepare(length: number, room: Room): void {
    const longest = length + Math.max(...room.delays) + block;
    if (this.#lines.length === 0 || this.#lines[0].length < longest)
      this.#lines = Array.from({ length: lines }, () => new Float32Array(longest));
    for (const [line, delay] of room.delays.entries()) this.#lines[line].fill(0, 0, delay);
    if (this.#wet.length !== length) this.#wet = new Float32Array(length);
    this.#memories.fill(0);
  }

  #runBlock(samples: Float32Array, room: Room, from: number, count: number): void {
    const [filtered, sums] = [this.#filtered, this.#sums];
    sums.fill(0);
    for (let line = 0; line < lines; line++) {
      const buffer = this.#lines[line];
      let memory = this.#memories[line];
      for (let i = 0, at = line * block; i < count; i++, at++) {
        const value = buffer[from + i];
        memory = value + (memory - value) * room.damping;
        filtered[at] = memory;
        sums[i] += memory;
      }
      this.#memories[line] = memory;
    }
    for (let line = 0; line < lines; line++) {
      const buffer = this.#lines[line];
      const gain = room.gains[line];
      const to = from + room.delays[line];
      for (let i = 0, at = line * block; i < count; i++, at++)
        buffer[to + i] = samples[from + i] + gain * (filtered[at] - (2 / lines) * sums[i]);
    }
    for (let i = 0; i < count; i++) this.#wet[from + i] = sums[i] * 0.5;
  }
}

function power(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] * samples[i];
  return sum;
}
