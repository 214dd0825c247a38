import { closeSync, openSync, readSync } from "node:fs";

/** Bytes at the start of a file in which its chunks must begin to be read quickly. */
const headBytes = 512;

/**
 * Reads a piece of a mono 16-bit PCM WAV file of the wanted rate without decoding the rest: most clips of most data sets.
 * Anything unusual is left to the general reader.
 */
export class Pcm16Reader {
  #bytes = new Uint8Array(0);
  #words = new Int16Array(0);
  #view = new DataView(new ArrayBuffer(0));

  /**
   * Reads a piece as fractions of full scale; zeros follow where the file ends before `out`.
   * @param rate Hz that the file must have
   * @param start first sample
   * @param end sample at which to stop
   * @param out shape [n]
   * @returns false where the file is not of this simple kind or has nothing at `start`; `out` is then as it was
   * @throws the system's error where the file cannot be opened or read
   */
  read(path: string, rate: number, start: number, end: number, out: Float32Array): boolean {
    const words = this.#words16(path, rate, start, Math.min(out.length, end - start));
    if (words === undefined) return false;
    for (let i = 0; i < words.length; i++) out[i] = words[i] * (1 / 32768);
    out.fill(0, words.length);
    return true;
  }

  /**
   * As `read`, with the samples as they are in the file.
   * @param out shape [n]; what lies behind the samples read stays
   * @returns samples read; -1 where the file is not of this simple kind or has nothing at `start`
   */
  readRaw(path: string, rate: number, start: number, end: number, out: Int16Array): number {
    const words = this.#words16(path, rate, start, Math.min(out.length, end - start));
    if (words === undefined) return -1;
    out.set(words);
    return words.length;
  }

  /** The samples of the piece; valid until the next call. */
  #words16(path: string, rate: number, start: number, frames: number): Int16Array | undefined {
    this.#reserve(headBytes + 2 * frames);
    const descriptor = openSync(path, "r");
    try {
      const wanted = start === 0 ? headBytes + 2 * frames : headBytes;
      const got = readFully(descriptor, this.#bytes, wanted, 0);
      const data = this.#findData(got, rate);
      if (data === undefined) return undefined;
      const available = Math.floor(data.size / 2) - start;
      const count = Math.min(frames, available);
      if (count <= 0) return undefined;
      const from = data.offset + 2 * start;
      if (start === 0) return from + 2 * count <= got ? this.#words.subarray(from / 2, from / 2 + count) : undefined;
      if (readFully(descriptor, this.#bytes, 2 * count, from) < 2 * count) return undefined;
      return this.#words.subarray(0, count);
    } finally {
      closeSync(descriptor);
    }
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length >= bytes) return;
    const buffer = new ArrayBuffer(bytes + (bytes & 1));
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int16Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** Place and size of the samples, or undefined for anything but plain mono PCM16 at `rate`. */
  #findData(length: number, rate: number): { offset: number; size: number } | undefined {
    const view = this.#view;
    const isWav = length >= 12 && view.getUint32(0) === 0x52494646 && view.getUint32(8) === 0x57415645;
    if (!isWav) return undefined;
    let plain = false;
    for (let at = 12; at + 8 <= Math.min(length, headBytes); ) {
      const id = view.getUint32(at);
      const size = view.getUint32(at + 4, true);
      if (id === 0x666d7420 && size >= 16 && at + 24 <= length) {
        const mono16 =
          view.getUint16(at + 8, true) === 1 && view.getUint16(at + 10, true) === 1 && view.getUint16(at + 22, true) === 16;
        plain = mono16 && view.getUint32(at + 12, true) === rate;
      } else if (id === 0x64617461) {
        return plain && size > 0 ? { offset: at + 8, size } : undefined;
      }
      at += 8 + size + (size & 1);
    }
    return undefined;
  }
}

/** Reads until `length` bytes or the end of the file; returns how many there were. */
function readFully(descriptor: number, bytes: Uint8Array, length: number, position: number): number {
  let done = 0;
  while (done < length) {
    const read = readSync(descriptor, bytes, done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}
