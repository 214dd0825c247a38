import { invariant } from "../base/errors.js";
import type { Sound } from "./sound.js";

/** How samples are written. */
export interface WavEncoding {
  /** Bits of a sample: PCM of 8, 16, 24 or 32, or (with `float`) 32; default 16. */
  bits?: 8 | 16 | 24 | 32;
  /** Float samples, neither rounded nor limited. */
  float?: boolean;
}

/**
 * Writes a mono WAV file. PCM values are rounded to the nearest step and limited to the range, so that
 * decoding a 16-bit file and encoding it again gives the same samples.
 * @returns the bytes of the file
 */
export function encodeWav(sound: Sound, encoding: WavEncoding = {}): Uint8Array<ArrayBuffer> {
  const bits = encoding.float === true ? 32 : (encoding.bits ?? 16);
  const sampleBytes = bits / 8;
  const size = sound.samples.length * sampleBytes;
  invariant(size < 0xffffffff - 44, "a WAV file holds less than 4 GiB");
  const bytes = new Uint8Array(44 + size + (size % 2));
  const view = new DataView(bytes.buffer);
  writeHeader(view, sound.sampleRate, sampleBytes, size, encoding.float === true);
  writeSamples(view, sound.samples, bits, encoding.float === true);
  return bytes;
}

function writeHeader(view: DataView, sampleRate: number, sampleBytes: number, size: number, float: boolean): void {
  const text = (at: number, name: string): void => {
    for (let i = 0; i < 4; i++) view.setUint8(at + i, name.charCodeAt(i));
  };
  text(0, "RIFF");
  view.setUint32(4, view.byteLength - 8, true);
  text(8, "WAVE");
  text(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, float ? 3 : 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * sampleBytes, true);
  view.setUint16(32, sampleBytes, true);
  view.setUint16(34, sampleBytes * 8, true);
  text(36, "data");
  view.setUint32(40, size, true);
}

function writeSamples(view: DataView, samples: Float32Array, bits: number, float: boolean): void {
  const scale = 2 ** (bits - 1);
  const step = bits / 8;
  for (let i = 0, at = 44; i < samples.length; i++, at += step) {
    if (float) {
      view.setFloat32(at, samples[i], true);
      continue;
    }
    const value = Math.min(scale - 1, Math.max(-scale, Math.round(samples[i] * scale)));
    if (bits === 8) view.setUint8(at, value + 128);
    else if (bits === 16) view.setInt16(at, value, true);
    else if (bits === 32) view.setInt32(at, value, true);
    else {
      view.setUint16(at, value & 0xffff, true);
      view.setInt8(at + 2, value >> 16);
    }
  }
}
