import { FormatError } from "../base/errors.js";
import { type FlacFrame, flacFrames, type FlacStream } from "./flac_frames.js";
import { decodeFlacFrame, FlacFault } from "./flac_samples.js";
import { checkDuration, checkUnpackedSize, highestRate, lowestRate } from "./sound.js";
import type { Sound, SoundLimits } from "./sound.js";

/** Signature, header of the first block, STREAMINFO. */
export const headBytes = 42;

/**
 * Decodes a FLAC file to mono, the mean of its channels. Samples come back exactly: 16-bit values divided by 32768.
 * @param bytes the whole file
 * @param name file name for messages
 * @throws FormatError for damaged bytes, UserError for a sound beyond the limits
 */
export function decodeFlac(bytes: Uint8Array, name: string, limits: SoundLimits = {}): Sound {
  const stream = readStream(bytes, name);
  const { sampleRate, samples: promised } = stream;
  checkDuration(name, promised, sampleRate, limits);
  checkUnpackedSize(name, promised, bytes.length);
  const frames = [...framesWithin(bytes, stream, name, limits)];
  const count = frames.reduce((sum, frame) => sum + frame.samples, 0);
  if (promised > 0 && count < promised) {
    const found = `${count} samples instead of the ${promised} that its header promises`;
    throw new FormatError(name, `byte ${bytes.length}`, found, "the file is cut off; copy it again");
  }
  if (count === 0) throw new FormatError(name, "its frames", "no samples", "the file is damaged or cut off; copy it again");
  const samples = decodeFrames(bytes, frames, stream, count, name);
  return { samples: promised > 0 ? samples.subarray(0, promised) : samples, sampleRate };
}

/** The frames, as long as what they unpack to stays within the limits. */
function* framesWithin(bytes: Uint8Array, stream: FlacStream, name: string, limits: SoundLimits): Generator<FlacFrame> {
  let done = 0;
  for (const frame of flacFrames(bytes, 4, stream, name)) {
    done += frame.samples;
    checkDuration(name, done, stream.sampleRate, limits);
    checkUnpackedSize(name, done, bytes.length);
    yield frame;
  }
}

/** @returns shape [count], full scale -1 to 1 */
function decodeFrames(
  bytes: Uint8Array,
  frames: readonly FlacFrame[],
  { channels, bits }: FlacStream,
  count: number,
  name: string,
): Float32Array {
  const longest = frames.reduce((most, frame) => Math.max(most, frame.samples), 0);
  const decoded = Array.from({ length: channels }, () => new Int32Array(longest));
  const samples = new Float32Array(count);
  const fullScale = channels * 2 ** (bits - 1);
  let at = 0;
  for (const frame of frames) {
    try {
      decodeFlacFrame(bytes, frame, bits, decoded);
    } catch (error) {
      if (!(error instanceof FlacFault)) throw error;
      throw new FormatError(name, `byte ${frame.start}`, error.message, "the file is damaged; copy it again");
    }
    for (let i = 0; i < frame.samples; i++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += decoded[c][i];
      samples[at++] = sum / fullScale;
    }
  }
  return samples;
}

/** Reads the STREAMINFO block, which must be the first. */
export function readStream(bytes: Uint8Array, name: string): FlacStream {
  if (bytes.length < headBytes || (bytes[4] & 127) !== 0)
    throw new FormatError(name, "byte 4", "no STREAMINFO block", "the file is cut off or damaged; copy it again");
  const view = new DataView(bytes.buffer, bytes.byteOffset + 8, 34);
  const packed = view.getUint32(10);
  const stream: FlacStream = {
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
    samples: (packed & 15) * 2 ** 32 + view.getUint32(14),
  };
  if (stream.sampleRate < lowestRate || stream.sampleRate > highestRate)
    throw new FormatError(
      name,
      "STREAMINFO",
      `a sample rate of ${stream.sampleRate} Hz`,
      `give a file with ${lowestRate} to ${highestRate} Hz`,
    );
  if (stream.bits < 4 || stream.bits > 24)
    throw new FormatError(name, "STREAMINFO", `samples of ${stream.bits} bits`, "convert it to 16 or 24 bits");
  return stream;
}
