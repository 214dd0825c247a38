import { fft } from "./fft.js";

const size = 512;
const hop = size / 4;
const bins = size / 2 + 1;
/** Half width of the smoothing of the envelope, in bins: 9 bins are 280 Hz at 16 kHz, more than most voices' harmonics lie apart. */
const halfWidth = 4;
/** Largest change of a frequency's level: 30 dB, in nepers. */
const mostGain = 3.45;

const window = Float64Array.from({ length: size }, (_, i) => Math.sqrt(0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size)));

/** Work space of one frame. */
interface Frame {
  real: Float64Array;
  imaginary: Float64Array;
  /** Logarithm of the spectrum, then of the smooth spectrum, shape [bins]. */
  envelope: Float64Array;
  /** Running sums, shape [bins + 2 * halfWidth + 2]. */
  sums: Float64Array;
}

/**
 * Moves the formants of a voice but not its pitch: each short-time spectrum is multiplied by the ratio of its warped and its
 * own envelope, the envelope being the smoothed logarithm of the spectrum.
 * @param samples shape [n], a voice at about 16 kHz
 * @param first for each of 257 bins from 0 to the Nyquist frequency: the bin (with fraction) whose level it gets, at the first sample
 * @param last the same at the last sample; between them the warp changes evenly
 * @returns shape [n]
 */
export function warpFormants(samples: Float32Array, first: Float64Array, last = first): Float32Array {
  const output = new Float32Array(samples.length);
  const frame: Frame = {
    real: new Float64Array(size),
    imaginary: new Float64Array(size),
    envelope: new Float64Array(bins),
    sums: new Float64Array(bins + 2 * halfWidth + 2),
  };
  const source = first.slice();
  for (let start = hop - size; start < samples.length; start += hop) {
    const part = Math.min(1, Math.max(0, (start + size / 2) / samples.length));
    for (let k = 0; k < bins; k++) source[k] = first[k] + part * (last[k] - first[k]);
    for (let i = 0; i < size; i++) frame.real[i] = window[i] * (samples[start + i] ?? 0);
    frame.imaginary.fill(0);
    fft(frame.real, frame.imaginary);
    measureEnvelope(frame);
    scaleBins(frame, source);
    fft(frame.imaginary, frame.real);
    // Squared windows at a quarter of their length add up to 2.
    const end = Math.min(size, samples.length - start);
    for (let i = Math.max(0, -start); i < end; i++) output[start + i] += (window[i] * frame.real[i]) / (2 * size);
  }
  return output;
}

function measureEnvelope({ real, imaginary, envelope, sums }: Frame): void {
  for (let k = 0; k < bins; k++) envelope[k] = 0.5 * Math.log(real[k] * real[k] + imaginary[k] * imaginary[k] + 1e-10);
  // Twice a running mean is a triangular window.
  smooth(envelope, sums);
  smooth(envelope, sums);
}

/** Running mean over 2 * halfWidth + 1 bins, the spectrum mirrored at its ends. */
function smooth(values: Float64Array, sums: Float64Array): void {
  const width = 2 * halfWidth + 1;
  for (let k = -halfWidth; k < bins + halfWidth; k++) {
    const mirrored = k < 0 ? -k : k >= bins ? 2 * (bins - 1) - k : k;
    sums[k + halfWidth + 1] = sums[k + halfWidth] + values[mirrored];
  }
  for (let k = 0; k < bins; k++) values[k] = (sums[k + width] - sums[k]) / width;
}

function scaleBins({ real, imaginary, envelope }: Frame, source: Float64Array): void {
  for (let k = 0; k < bins; k++) {
    const at = Math.min(bins - 1, Math.max(0, source[k]));
    const low = Math.min(bins - 2, Math.floor(at));
    const wanted = envelope[low] + (at - low) * (envelope[low + 1] - envelope[low]);
    const gain = Math.exp(Math.min(mostGain, Math.max(-mostGain, wanted - envelope[k])));
    real[k] *= gain;
    imaginary[k] *= gain;
    if (k === 0 || k === bins - 1) continue;
    real[size - k] *= gain;
    imaginary[size - k] *= gain;
  }
}

/** Frequencies between which a warp is straight, Hz; the last stays where it is. */
export const warpKnots: readonly number[] = [0, 500, 1000, 1800, 2800, 4000, 8000];

/**
 * Table for `warpFormants` from factors at the knots: a formant at frequency f moves to f times the factor there.
 * @param factors one for each inner knot (500 to 4000 Hz), 0.5 to 2
 * @param sampleRate Hz
 */
export function warpTable(factors: readonly number[], sampleRate: number): Float64Array {
  const top = Math.max(8000, sampleRate / 2);
  const from = [...warpKnots.slice(0, -1), top];
  // A moved knot may not pass its neighbour or come too near to the top, or the order of formants would change.
  const to = [0];
  for (let i = 1; i < from.length - 1; i++)
    to.push(Math.min(top - 600 + 100 * i, Math.max(to[i - 1] + 100, from[i] * factors[i - 1])));
  to.push(top);
  return Float64Array.from({ length: bins }, (_, k) => {
    const frequency = (k * sampleRate) / size;
    let i = 1;
    while (i < to.length - 1 && frequency > to[i]) i++;
    const part = (frequency - to[i - 1]) / (to[i] - to[i - 1]);
    return ((from[i - 1] + part * (from[i] - from[i - 1])) * size) / sampleRate;
  });
}
