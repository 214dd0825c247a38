import { invariant, UserError } from "../base/errors.js";
import { mostSamples } from "./sound.js";
import type { Sound } from "./sound.js";

// Kaiser's formulas: 96 dB of attenuation, a transition from 0.90 to 1.00 of the lower Nyquist frequency.
const attenuation = 96;
const passband = 0.9;
const beta = 0.1102 * (attenuation - 8.7);
/** Half the length of the filter, in samples of the lower rate. */
const halfLength = Math.ceil((attenuation - 8) / (2.285 * Math.PI * (1 - passband)) / 2);
/** Cut-off: the middle of the transition, relative to the lower Nyquist frequency. */
const cutoff = (1 + passband) / 2;
const mostExactPhases = 1024;
/** A table of exact rows has at most so many coefficients (16 MiB). */
const largestTable = 2 ** 21;
/** The rate may fall so many times. */
export const steepestRatio = 1000;

/** Polyphase filter: `phases` rows of `taps` coefficients; a row is the filter at one fraction of an input sample. */
export interface Bank {
  rows: Float64Array;
  taps: number;
  phases: number;
  /** The fraction falls on a row exactly; otherwise neighbouring rows are mixed. */
  exact: boolean;
}

const banks = new Map<string, Bank>();
/** Coefficients in all banks; 2^23 are 64 MiB. */
let bankSize = 0;
const mostBankSize = 2 ** 23;

/**
 * Band-limited resampling by a windowed-sinc polyphase filter (Kaiser window): flat up to 0.9 of the lower Nyquist frequency,
 * aliases and images at least 80 dB down, no delay, silence assumed outside. Computed in double precision in a fixed order,
 * so the result is the same everywhere.
 * @param samples shape [n]
 * @param from rate of the samples, Hz, a positive integer
 * @param to rate wanted, Hz, a positive integer
 * @returns shape [round(n * to / from)]; the samples themselves where the rates are equal
 * @throws UserError where the result would be longer than 2^28 samples or the rate would fall more than 1000-fold
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  invariant(
    Number.isInteger(from) && Number.isInteger(to) && from > 0 && to > 0,
    `sample rates ${from} and ${to} must be positive integers`,
  );
  if (from === to) return samples;
  const length = Math.round((samples.length * to) / from);
  if (length > mostSamples || from / to > steepestRatio)
    throw new UserError(
      `cannot resample ${samples.length} samples from ${from} Hz to ${to} Hz; at most ${mostSamples} samples and a ${steepestRatio}-fold lower rate are possible`,
    );
  const divisor = greatestCommonDivisor(from, to);
  const up = to / divisor;
  const down = from / divisor;
  const bank = bankFor(up, down);
  return bank.exact ? resampleExact(samples, length, up, down, bank) : resampleMixed(samples, length, up, down, bank);
}

/** The sound at another rate (Hz). */
export function resampleSound(sound: Sound, sampleRate: number): Sound {
  return { samples: resample(sound.samples, sound.sampleRate, sampleRate), sampleRate };
}

function resampleExact(samples: Float32Array, length: number, up: number, down: number, bank: Bank): Float32Array {
  const output = new Float32Array(length);
  const before = bank.taps / 2 - 1;
  for (let i = 0, whole = 0, phase = 0; i < length; i++) {
    output[i] = dot(samples, whole - before, bank.rows, phase * bank.taps, bank.taps);
    phase += down;
    const step = Math.floor(phase / up);
    whole += step;
    phase -= step * up;
  }
  return output;
}

function resampleMixed(samples: Float32Array, length: number, up: number, down: number, bank: Bank): Float32Array {
  const output = new Float32Array(length);
  const { rows, taps, phases } = bank;
  const before = taps / 2 - 1;
  for (let i = 0; i < length; i++) {
    const whole = Math.floor((i * down) / up);
    const position = ((i * down - whole * up) / up) * phases;
    const row = Math.floor(position);
    const part = position - row;
    const low = dot(samples, whole - before, rows, row * taps, taps);
    const high = dot(samples, whole - before, rows, (row + 1) * taps, taps);
    output[i] = low + part * (high - low);
  }
  return output;
}

/** The filter at one place: row times samples from `start` on; silence outside of them. */
export function dot(samples: Float32Array, start: number, rows: Float64Array, row: number, taps: number): number {
  const first = Math.max(0, -start);
  const last = Math.min(taps, samples.length - start);
  let sum = 0;
  for (let k = first; k < last; k++) sum += samples[start + k] * rows[row + k];
  return sum;
}

/** The filter for a ratio of rates in lowest terms; made once. */
export function bankFor(up: number, down: number): Bank {
  const key = `${up}:${down}`;
  const known = banks.get(key);
  if (known) return known;
  const bank = makeBank(up, down);
  if (bankSize + bank.rows.length > mostBankSize) {
    banks.clear();
    bankSize = 0;
  }
  bankSize += bank.rows.length;
  banks.set(key, bank);
  return bank;
}

function makeBank(up: number, down: number): Bank {
  // Width of a lobe of the filter, in input samples.
  const stretch = Math.max(1, down / up);
  const reach = Math.ceil(halfLength * stretch);
  const exact = up <= mostExactPhases && up * 2 * reach <= largestTable;
  // Between rows the filter is taken as straight; the wider its lobes, the fewer rows that needs.
  const phases = exact ? up : Math.max(8, Math.ceil(mostExactPhases / stretch));
  const taps = 2 * reach;
  const count = exact ? phases : phases + 1;
  const rows = new Float64Array(count * taps);
  for (let p = 0; p < count; p++) fillRow(rows.subarray(p * taps, (p + 1) * taps), p / phases, reach, stretch);
  return { rows, taps, phases, exact };
}

/** The filter at offset `fraction` between two input samples, scaled to pass a constant unchanged. */
function fillRow(row: Float64Array, fraction: number, reach: number, stretch: number): void {
  const scale = besselI0(beta);
  let sum = 0;
  for (let k = 0; k < row.length; k++) {
    const x = (k - (reach - 1) - fraction) / stretch;
    const inside = 1 - (x / halfLength) ** 2;
    row[k] = inside <= 0 ? 0 : sinc(cutoff * x) * (besselI0(beta * Math.sqrt(inside)) / scale);
    sum += row[k];
  }
  for (let k = 0; k < row.length; k++) row[k] /= sum;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Largest whole number that divides both. */
export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
