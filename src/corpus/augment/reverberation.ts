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

/** Draws a room, or undefined for none. */
export function drawRoom(options: ReverberationOptions, random: RandomStream): Room | undefined {
  if (random.uniform() >= options.probability) return undefined;
  const rate = options.sampleRate ?? 16000;
  const decay = random.between(...(options.decaySeconds ?? ([0.15, 0.8] as const)));
  const wetDecibels = random.between(...(options.wetDecibels ?? ([-20, 0] as const)));
  const size = random.between(0.5, 1.4);
  const delays = pathMilliseconds.map((path) =>
    Math.max(1, Math.round(((path * size * rate) / 1000) * random.between(0.95, 1.05))),
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
  #buffer = new Float32Array(0);
  #wet = new Float32Array(0);
  readonly #places = new Int32Array(lines);
  readonly #starts = new Int32Array(lines);
  readonly #filtered = new Float64Array(lines);

  /**
   * @param samples shape [n]
   * @param out shape [n]; may be `samples`
   */
  apply(samples: Float32Array, room: Room, out: Float32Array): void {
    this.#prepare(samples.length, room);
    this.#run(samples, room);
    const dry = power(samples);
    const wet = power(this.#wet);
    if (dry === 0 || wet === 0) {
      if (out !== samples) out.set(samples);
      return;
    }
    const level = Math.sqrt((dry / wet) * 10 ** (room.wetDecibels / 10));
    for (let i = 0; i < samples.length; i++) out[i] = samples[i] + this.#wet[i] * level;
    const gain = Math.sqrt(dry / power(out));
    for (let i = 0; i < out.length; i++) out[i] *= gain;
  }

  #prepare(length: number, room: Room): void {
    let total = 0;
    for (let line = 0; line < lines; line++) {
      this.#starts[line] = total;
      total += room.delays[line];
    }
    if (this.#buffer.length < total) this.#buffer = new Float32Array(total);
    else this.#buffer.fill(0, 0, total);
    if (this.#wet.length !== length) this.#wet = new Float32Array(length);
    this.#places.fill(0);
    this.#filtered.fill(0);
  }

  #run(samples: Float32Array, room: Room): void {
    const [buffer, wet, places, starts, filtered] = [this.#buffer, this.#wet, this.#places, this.#starts, this.#filtered];
    const { delays, gains, damping, early } = room;
    for (let i = 0; i < samples.length; i++) {
      let sum = 0;
      for (let line = 0; line < lines; line++) {
        const read = buffer[starts[line] + places[line]];
        filtered[line] = read + (filtered[line] - read) * damping;
        sum += filtered[line];
      }
      const shared = (-2 / lines) * sum;
      const input = samples[i];
      for (let line = 0; line < lines; line++) {
        buffer[starts[line] + places[line]] = input + gains[line] * (filtered[line] + shared);
        places[line] = places[line] + 1 === delays[line] ? 0 : places[line] + 1;
      }
      let reflected = 0;
      for (const { delay, gain } of early) if (i >= delay) reflected += samples[i - delay] * gain;
      wet[i] = reflected + sum * 0.5;
    }
  }
}

function power(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i] * samples[i];
  return sum;
}
