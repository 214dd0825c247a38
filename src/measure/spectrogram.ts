import { fft, nextPowerOfTwo } from "../signal/fft.js";
import { encodePng } from "./png.js";

/** 25 ms frames every 5 ms show both the pitch's harmonics and the onset of a stop. */
const FRAME_SECONDS = 0.025;
const HOP_SECONDS = 0.005;
const ROWS = 96;
/** What lies this far below the loudest point is drawn black. */
const RANGE_DB = 70;
/** Longer sounds are drawn with a wider hop, so that the picture stays bounded. */
const MAX_COLUMNS = 400;

/** Points of the colour map "magma" (matplotlib, CC0), evenly spaced from quiet to loud. */
const MAGMA = [
  [0, 0, 4],
  [28, 16, 68],
  [79, 18, 123],
  [129, 37, 129],
  [181, 54, 122],
  [229, 80, 100],
  [251, 135, 97],
  [254, 194, 135],
  [252, 253, 191],
] as const;

/** A picture of a sound: time to the right, frequency (mel) upwards, brightness in dB. */
export interface Spectrogram {
  /** Palette indices, shape [height, width], the highest frequency on top. */
  pixels: Uint8Array;
  width: number;
  height: number;
}

/**
 * Mel-spaced power spectrogram of 0 Hz to half the sample rate, 70 dB deep.
 * @param samples mono, -1..1, any length (an empty sound gives one dark column)
 */
export function spectrogram(samples: Float32Array, sampleRate: number): Spectrogram {
  const frame = Math.max(16, Math.round(sampleRate * FRAME_SECONDS));
  const available = Math.max(0, samples.length - frame);
  const hop = Math.max(1, Math.round(sampleRate * HOP_SECONDS), Math.ceil(available / (MAX_COLUMNS - 1)));
  const width = Math.floor(available / hop) + 1;
  // Twice the frame: bins finer than the rows at low frequencies.
  const size = nextPowerOfTwo(2 * frame);
  const rows = melRows(size, sampleRate);
  const decibels = new Float64Array(ROWS * width);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let x = 0; x < width; x++) {
    windowInto(real, samples, x * hop, frame);
    imaginary.fill(0);
    fft(real, imaginary);
    for (let y = 0; y < ROWS; y++) decibels[y * width + x] = peakDecibels(real, imaginary, rows[y] as [number, number]);
  }
  return { pixels: quantize(decibels), width, height: ROWS };
}

/** The spectrogram as a PNG file. */
export function spectrogramPng(samples: Float32Array, sampleRate: number): Buffer {
  const picture = spectrogram(samples, sampleRate);
  return encodePng(picture.pixels, picture.width, picture.height, PALETTE);
}

const PALETTE = magmaPalette();

function magmaPalette(): Uint8Array {
  const palette = new Uint8Array(768);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (MAGMA.length - 1);
    const from = Math.min(Math.floor(place), MAGMA.length - 2);
    for (let c = 0; c < 3; c++) {
      const [low, high] = [MAGMA[from]?.[c] as number, MAGMA[from + 1]?.[c] as number];
      palette[i * 3 + c] = Math.round(low + (high - low) * (place - from));
    }
  }
  return palette;
}

/** First and one past the last FFT bin of each row, from the top (highest) down; every row has at least one bin. */
function melRows(size: number, sampleRate: number): [number, number][] {
  const top = mel(sampleRate / 2);
  const bin = (row: number): number => (hertz((top * row) / ROWS) / sampleRate) * size;
  return Array.from({ length: ROWS }, (_, y) => {
    const from = Math.floor(bin(ROWS - 1 - y));
    return [from, Math.max(from + 1, Math.ceil(bin(ROWS - y)))];
  });
}

// HTK's mel scale, as in TensorFlow and in most keyword front ends.
const mel = (frequency: number): number => 1127 * Math.log(1 + frequency / 700);
const hertz = (value: number): number => 700 * (Math.exp(value / 1127) - 1);

function windowInto(real: Float64Array, samples: Float32Array, start: number, frame: number): void {
  real.fill(0);
  const count = Math.min(frame, samples.length - start);
  for (let i = 0; i < count; i++) {
    real[i] = (samples[start + i] as number) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / frame));
  }
}

function peakDecibels(real: Float64Array, imaginary: Float64Array, [from, to]: [number, number]): number {
  let power = 1e-12;
  for (let k = from; k < to; k++) power = Math.max(power, (real[k] as number) ** 2 + (imaginary[k] as number) ** 2);
  return 10 * Math.log10(power);
}

function quantize(decibels: Float64Array): Uint8Array {
  const loudest = decibels.reduce((a, b) => Math.max(a, b), -Infinity);
  return Uint8Array.from(decibels, (value) => {
    const height = 1 + (value - loudest) / RANGE_DB;
    // Digital silence has no loudest point to measure from: it is dark everywhere.
    return loudest <= -119 || !(height > 0) ? 0 : Math.round(255 * height);
  });
}
