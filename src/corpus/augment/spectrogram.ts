import type { RandomStream } from "../../base/random.js";
import type { Stretch } from "./resample.js";

/** What is done to training clips on their way through the short-time Fourier transform (tugstugi's pytorch-speech-commands, 2017). */
export interface SpectrogramOptions {
  /** Probability of each of amplitude, speed, stretch, shift and noise. Original: 0.5. */
  readonly probability: number;
  /** Factor of the samples, uniform. Original: 0.7 to 1.1. */
  readonly gain: readonly [number, number];
  /** The sound becomes 1 + s as long, s uniform to either side, and lower as it becomes longer. Original: 0.2. */
  readonly speed: number;
  /** The spectrogram is played at 1 + s of its rate, the pitch as it was. Original: 0.2. */
  readonly stretch: number;
  /** Frames to either side. Original: 8. */
  readonly frameShift: number;
  /** Largest share of the noise. Original: 0.45. */
  readonly noise: number;
}

/** What was drawn for one sound. */
export interface SpectrogramChoice {
  readonly gain: number;
  /** Factor of length. */
  readonly length: number;
  /** Rate of the phase vocoder. */
  readonly rate: number;
  /** Frames; positive: earlier, negative: later. */
  readonly shift: number;
}

/** Draws what is done to a sound, or to the noise that is mixed with it; no draw depends on another's outcome. */
export function drawSpectrogram(options: SpectrogramOptions, random: RandomStream): SpectrogramChoice {
  const { probability, gain, speed, stretch, frameShift } = options;
  const either = (value: number, otherwise: number): number => (random.uniform() < probability ? value : otherwise);
  return {
    gain: either(random.between(gain[0], gain[1]), 1),
    length: either(1 + random.between(-speed, speed), 1),
    rate: either(1 + random.between(-stretch, stretch), 1),
    shift: either(random.integer(2 * frameShift + 1) - frameShift, 0),
  };
}

/** The noise that is mixed with a sound: one second of all recordings in a row, and its share; undefined where there is none. */
export interface SpectrogramNoise {
  /** Number of the second. */
  readonly piece: number;
  readonly share: number;
  readonly choice: SpectrogramChoice;
}

/** @param pieces whole clips in all recordings of noise together */
export function drawSpectrogramNoise(
  options: SpectrogramOptions,
  pieces: number,
  random: RandomStream,
): SpectrogramNoise | undefined {
  const heard = random.uniform() < options.probability;
  if (!heard || pieces === 0) return undefined;
  return { piece: random.integer(pieces), share: random.between(0, options.noise), choice: drawSpectrogram(options, random) };
}

/** Controls of `resample_linear` for a sound that becomes `length` times as long, cut or zero-padded at its end (numpy's interp). */
export function lengthened(samples: number, length: number): Stretch {
  return { start: 0, end: Math.min(samples, Math.ceil(samples * length)), offset: 0, scale: Math.fround(1 / length) };
}

/**
 * Takes one clip's worth of noise out of recordings joined end to end.
 * @param piece number of the clip among them
 */
export function joinedPiece(recordings: readonly Float32Array[], piece: number, out: Float32Array): void {
  let from = piece * out.length;
  let done = 0;
  for (const recording of recordings) {
    if (from < recording.length) {
      const part = recording.subarray(from, from + out.length - done);
      out.set(part, done);
      done += part.length;
      if (done === out.length) return;
    }
    from = Math.max(0, from - recording.length);
  }
}

/** A spectrogram's measures: each frame has its bins' real parts, then their imaginary parts. */
export interface SpectrumShape {
  readonly frames: number;
  readonly bins: number;
}

/** Plays spectrograms faster or slower and moves them in time. Holds its buffers. */
export class SpectrumStretcher {
  readonly #shape: SpectrumShape;
  readonly #magnitudes: Float32Array;
  /** Unit phasor of each bin as it has turned so far. */
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;

  constructor(shape: SpectrumShape) {
    this.#shape = shape;
    this.#magnitudes = new Float32Array((shape.frames + 1) * shape.bins);
    this.#real = new Float64Array(shape.bins);
    this.#imaginary = new Float64Array(shape.bins);
  }

  /**
   * Phase vocoder (librosa's phase_vocoder: magnitudes interpolated, phases advanced by those of neighbouring frames), then frames dropped
   * from the beginning or zeros put before it, cut or zero-padded to as many frames.
   * @param spectrum shape [frames, 2, bins]
   * @param out the same shape, not `spectrum` itself
   * @param phases whether the phases matter: where nothing is added to the result and only its power is looked at they do not
   */
  apply(
    spectrum: Float32Array,
    { rate, shift }: Pick<SpectrogramChoice, "rate" | "shift">,
    out: Float32Array,
    phases = true,
  ): void {
    const { frames, bins } = this.#shape;
    const width = 2 * bins;
    if (rate === 1) {
      out.fill(0);
      const first = Math.max(0, shift);
      out.set(spectrum.subarray(first * width, (frames + Math.min(0, shift)) * width), Math.max(0, -shift) * width);
      return;
    }
    this.#begin(spectrum);
    out.fill(0);
    const count = Math.min(Math.ceil(frames / rate), frames + shift);
    for (let u = 0; u < count; u++) {
      const place = u - shift;
      const at = Math.floor(u * rate);
      if (place >= 0) this.#frame(at, u * rate - at, out.subarray(place * width, (place + 1) * width));
      if (phases) this.#turn(spectrum, at);
    }
  }

  /** Magnitudes of all frames, zeros behind them, and the first frame's phases. */
  #begin(spectrum: Float32Array): void {
    const { frames, bins } = this.#shape;
    const magnitudes = this.#magnitudes;
    for (let t = 0; t < frames; t++)
      for (let k = 0; k < bins; k++) {
        const x = spectrum[2 * t * bins + k] as number;
        const y = spectrum[(2 * t + 1) * bins + k] as number;
        magnitudes[t * bins + k] = Math.sqrt(x * x + y * y);
      }
    for (let k = 0; k < bins; k++) {
      const magnitude = this.#magnitudes[k] as number;
      this.#real[k] = magnitude > 0 ? (spectrum[k] as number) / magnitude : 1;
      this.#imaginary[k] = magnitude > 0 ? (spectrum[bins + k] as number) / magnitude : 0;
    }
  }

  /** The frame that lies `part` behind frame `at`. */
  #frame(at: number, part: number, out: Float32Array): void {
    const { bins } = this.#shape;
    const magnitudes = this.#magnitudes;
    const [reals, imaginaries] = [this.#real, this.#imaginary];
    for (let k = 0; k < bins; k++) {
      const before = magnitudes[at * bins + k] as number;
      const behind = magnitudes[(at + 1) * bins + k] as number;
      const magnitude = (1 - part) * before + part * behind;
      out[k] = magnitude * (reals[k] as number);
      out[bins + k] = magnitude * (imaginaries[k] as number);
    }
  }

  /** Turns the phases by what they turn from frame `at` to the next; whole turns between do not count. */
  #turn(spectrum: Float32Array, at: number): void {
    const { frames, bins } = this.#shape;
    const now = 2 * at * bins;
    const next = now + 2 * bins;
    const isLast = at + 1 >= frames;
    const magnitudes = this.#magnitudes;
    const [reals, imaginaries] = [this.#real, this.#imaginary];
    for (let k = 0; k < bins; k++) {
      // What has no magnitude has the phase 0.
      const before = magnitudes[at * bins + k] as number;
      const behind = isLast ? 0 : (magnitudes[(at + 1) * bins + k] as number);
      const a = before > 0 ? (spectrum[now + k] as number) / before : 1;
      const b = before > 0 ? (spectrum[now + bins + k] as number) / before : 0;
      const c = behind > 0 ? (spectrum[next + k] as number) / behind : 1;
      const d = behind > 0 ? (spectrum[next + bins + k] as number) / behind : 0;
      const x = a * c + b * d;
      const y = a * d - b * c;
      const real = reals[k] as number;
      const imaginary = imaginaries[k] as number;
      reals[k] = real * x - imaginary * y;
      imaginaries[k] = real * y + imaginary * x;
    }
  }
}
