import type { FlacFrame } from "./flac_frames.js";
import { BitReader } from "./bit_reader.js";

/** A frame that its checksums let through and that makes no sense all the same. */
export class FlacFault extends Error {}

const deepestPartition = 15;

/**
 * Decodes a frame of FLAC (RFC 9639, chapters 9.2 and 11.30): constant, verbatim, fixed and linear prediction, Rice codes, stereo
 * decorrelation.
 * @param bits bits of a sample
 * @param out one array a channel, each of frame.samples or more; samples are whole numbers from -2^(bits-1)
 * @throws FlacFault
 */
export function decodeFlacFrame(bytes: Uint8Array, frame: FlacFrame, bits: number, out: readonly Int32Array[]): void {
  const reader = new BitReader(bytes, frame.body, frame.end - 2);
  const { assignment, samples } = frame;
  // The channel that holds the difference of two has a bit more.
  const side = assignment === 8 || assignment === 10 ? 1 : assignment === 9 ? 0 : -1;
  out.forEach((channel, i) => readSubframe(reader, channel, samples, i === side ? bits + 1 : bits));
  if (reader.overrun) throw new FlacFault("a frame that ends too early");
  if (side >= 0) joinStereo(assignment, out[0], out[1], samples);
}

function joinStereo(assignment: number, first: Int32Array, second: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    if (assignment === 8) second[i] = first[i] - second[i];
    else if (assignment === 9) first[i] += second[i];
    else {
      const sum = (first[i] << 1) | (second[i] & 1);
      const difference = second[i];
      first[i] = (sum + difference) >> 1;
      second[i] = (sum - difference) >> 1;
    }
  }
}

function readSubframe(reader: BitReader, out: Int32Array, count: number, width: number): void {
  if (reader.unsigned(1) !== 0) throw new FlacFault("a subframe that does not begin with 0");
  const kind = reader.unsigned(6);
  const wasted = reader.unsigned(1) === 0 ? 0 : reader.zeros() + 1;
  const bits = width - wasted;
  if (bits < 1) throw new FlacFault(`${wasted} wasted bits of ${width}`);
  if (kind === 0) out.fill(reader.signed(bits), 0, count);
  else if (kind === 1) for (let i = 0; i < count; i++) out[i] = reader.signed(bits);
  else if (kind >= 8 && kind <= 12) readFixed(reader, out, count, bits, kind - 8);
  else if (kind >= 32) readLinear(reader, out, count, bits, kind - 31);
  else throw new FlacFault(`a subframe of kind ${kind}`);
  if (wasted > 0) for (let i = 0; i < count; i++) out[i] <<= wasted;
}

const fixedCoefficients = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]].map((list) => Int32Array.from(list));

function readFixed(reader: BitReader, out: Int32Array, count: number, bits: number, order: number): void {
  readWarmUp(reader, out, count, bits, order);
  readResidual(reader, out, count, order);
  predict(out, count, fixedCoefficients[order], 0, bits);
}

function readLinear(reader: BitReader, out: Int32Array, count: number, bits: number, order: number): void {
  readWarmUp(reader, out, count, bits, order);
  const precision = reader.unsigned(4) + 1;
  const shift = reader.signed(5);
  if (precision === 16 || shift < 0) throw new FlacFault(`coefficients of ${precision} bits, shifted by ${shift}`);
  const coefficients = Int32Array.from({ length: order }, () => reader.signed(precision));
  readResidual(reader, out, count, order);
  predict(out, count, coefficients, shift, bits);
}

function readWarmUp(reader: BitReader, out: Int32Array, count: number, bits: number, order: number): void {
  if (order > count) throw new FlacFault(`a prediction from ${order} samples in a frame of ${count}`);
  for (let i = 0; i < order; i++) out[i] = reader.signed(bits);
}

/** Adds what is predicted to the residual. Sums stay below 2^53: 32 products of 15 and 25 bits. */
function predict(out: Int32Array, count: number, coefficients: Int32Array, shift: number, bits: number): void {
  const order = coefficients.length;
  let weight = 0;
  for (const coefficient of coefficients) weight += Math.abs(coefficient);
  if (weight * 2 ** (bits - 1) < 2 ** 31) return predictShort(out, count, coefficients, shift);
  const divisor = 2 ** shift;
  for (let i = order; i < count; i++) {
    let sum = 0;
    for (let k = 0; k < order; k++) sum += coefficients[k] * out[i - 1 - k];
    out[i] += Math.floor(sum / divisor);
  }
}

/** `predict` where every sum has at most 32 bits. */
function predictShort(out: Int32Array, count: number, coefficients: Int32Array, shift: number): void {
  const order = coefficients.length;
  for (let i = order; i < count; i++) {
    let sum = 0;
    for (let k = 0; k < order; k++) sum = (sum + Math.imul(coefficients[k], out[i - 1 - k])) | 0;
    out[i] += sum >> shift;
  }
}

/** Reads the coded residual to the places after the warm-up samples. */
function readResidual(reader: BitReader, out: Int32Array, count: number, order: number): void {
  const method = reader.unsigned(2);
  if (method > 1) throw new FlacFault(`a residual coded by method ${method}`);
  const parameterBits = method === 0 ? 4 : 5;
  const partitionOrder = reader.unsigned(4);
  const length = count >> partitionOrder;
  if (partitionOrder > deepestPartition || length << partitionOrder !== count || length < order)
    throw new FlacFault(`${2 ** partitionOrder} partitions of ${count} samples`);
  for (let from = order, to = length; to <= count; from = to, to += length) {
    const parameter = reader.unsigned(parameterBits);
    if (parameter === 2 ** parameterBits - 1) readPlain(reader, out, from, to);
    else readRice(reader, out, from, to, parameter);
    if (reader.overrun) throw new FlacFault("a frame that ends too early");
  }
}

/** A partition without codes. */
function readPlain(reader: BitReader, out: Int32Array, from: number, to: number): void {
  const bits = reader.unsigned(5);
  for (let i = from; i < to; i++) out[i] = bits === 0 ? 0 : reader.signed(bits);
}

function readRice(reader: BitReader, out: Int32Array, from: number, to: number, parameter: number): void {
  for (let i = from; i < to; i++) {
    const folded = (reader.zeros() << parameter) | reader.unsigned(parameter);
    out[i] = (folded >>> 1) ^ -(folded & 1);
  }
}
