import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { FormatError } from "../base/errors.js";
import { DecoderPool, decodeBlocks } from "./decoder-pool.js";
import { checkDuration, highestRate, lowestRate } from "./sound.js";
import type { Sound, SoundLimits } from "./sound.js";

interface StreamInfo {
  /** Largest block, in samples a channel. */
  blockSize: number;
  sampleRate: number;
  channels: number;
  bits: number;
  /** Samples a channel; 0 where the writer did not know. */
  samples: number;
}

const pool = new DecoderPool(() => new FLACDecoder());

/**
 * Decodes a FLAC file to mono. Integer samples come back exactly: 16-bit values divided by 32768.
 * @throws FormatError for damaged bytes, UserError for a sound beyond the limits
 */
export async function decodeFlac(bytes: Uint8Array, name: string, limits: SoundLimits = {}): Promise<Sound> {
  const info = streamInfo(bytes, name);
  checkDuration(name, info.samples, info.sampleRate, limits);
  // The decoder divides by 2^(bits-1) - 1; full scale here is 2^(bits-1).
  const divided = 2 ** (info.bits - 1) - 1;
  const fullScale = 2 ** (info.bits - 1);
  const scale = (value: number): number => Math.round(value * divided) / fullScale;
  // The smallest frame has some 14 bytes: at most 4 million samples come out of one step.
  const step = Math.max(256, Math.floor((2 ** 22 * 14) / (info.blockSize * info.channels)));
  // The decoder takes a very short last frame (digital silence) for a broken one unless something follows it.
  const followed = new Uint8Array(bytes.length + 64);
  followed.set(bytes);
  const decoded = await decodeBlocks(pool, followed, { name, step, limits, sampleRate: info.sampleRate, scale });
  if (info.samples > 0 && decoded.length < info.samples) {
    const found = `${decoded.length} samples instead of the ${info.samples} that its header promises`;
    throw new FormatError(name, `byte ${bytes.length}`, found, "the file is cut off; copy it again");
  }
  return { samples: decoded.join(info.samples > 0 ? info.samples : undefined), sampleRate: info.sampleRate };
}

/** Reads the STREAMINFO block, which must be the first. */
function streamInfo(bytes: Uint8Array, name: string): StreamInfo {
  if (bytes.length < 42 || (bytes[4] & 127) !== 0)
    throw new FormatError(name, "byte 4", "no STREAMINFO block", "the file is cut off or damaged; copy it again");
  const view = new DataView(bytes.buffer, bytes.byteOffset + 8, 34);
  const packed = view.getUint32(10);
  const info: StreamInfo = {
    blockSize: Math.max(16, view.getUint16(2)),
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
    samples: (packed & 15) * 2 ** 32 + view.getUint32(14),
  };
  if (info.sampleRate < lowestRate || info.sampleRate > highestRate)
    throw new FormatError(
      name,
      "STREAMINFO",
      `a sample rate of ${info.sampleRate} Hz`,
      `give a file with ${lowestRate} to ${highestRate} Hz`,
    );
  if (info.bits < 4 || info.bits > 24)
    throw new FormatError(name, "STREAMINFO", `samples of ${info.bits} bits`, "convert it to 16 or 24 bits");
  return info;
}
