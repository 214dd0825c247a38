import { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { OggOpusDecoder } from "ogg-opus-decoder";
import { FormatError } from "../base/errors.js";
import { type BlockDecoder, type DecodedBlock, DecoderPool, decodeBlocks } from "./decoder-pool.js";
import { checkDuration, highestRate, lowestRate } from "./sound.js";
import type { Sound, SoundLimits } from "./sound.js";

const opusRate = 48_000;
/** 120 ms at 48 kHz (RFC 6716). */
const longestPacket = 5760;
const mostOggChannels = 8;
/** Bytes decoded at a time: what they can unpack to stays below some hundred megabytes. */
export const pieceBytes = 4096;

const opusPool = new DecoderPool<OggDecoder>(() => new OggOpusDecoder());
const vorbisPool = new DecoderPool<OggDecoder>(() => new OggVorbisDecoder());

/** Decodes Ogg Opus to mono at 48 kHz. Throws FormatError for damaged bytes, UserError for a sound beyond the limits. */
export async function decodeOpus(bytes: Uint8Array, name: string, limits: SoundLimits = {}): Promise<Sound> {
  oggRate(bytes, name, "opus");
  const head = identification(bytes, name, 19);
  const sound = await decodeOgg(opusPool, bytes, name, limits, opusRate);
  // The decoder does not cut the last packet where all packets are in one page.
  const length = lastGranule(bytes) - head.getUint16(10, true);
  const excess = sound.samples.length - length;
  return excess > 0 && excess <= longestPacket ? { ...sound, samples: sound.samples.subarray(0, length) } : sound;
}

/** Decodes Ogg Vorbis to mono at its own rate. Throws FormatError for damaged bytes, UserError for a sound beyond the limits. */
export async function decodeVorbis(bytes: Uint8Array, name: string, limits: SoundLimits = {}): Promise<Sound> {
  const sampleRate = oggRate(bytes, name, "vorbis");
  return decodeOgg(vorbisPool, bytes, name, limits, sampleRate);
}

/**
 * The rate at which a file is decoded, Hz.
 * @param bytes the file or its first page
 * @throws FormatError for a rate or channels that are not read
 */
export function oggRate(bytes: Uint8Array, name: string, format: "opus" | "vorbis"): number {
  if (format === "opus") {
    checkChannels(identification(bytes, name, 19).getUint8(9), name);
    return opusRate;
  }
  const head = identification(bytes, name, 30);
  checkChannels(head.getUint8(11), name);
  const sampleRate = head.getUint32(12, true);
  if (sampleRate < lowestRate || sampleRate > highestRate)
    throw new FormatError(
      name,
      "first page",
      `a sample rate of ${sampleRate} Hz`,
      `give a file with ${lowestRate} to ${highestRate} Hz`,
    );
  return sampleRate;
}

/** The decoders of a format. */
export function oggPool(format: "opus" | "vorbis"): DecoderPool<OggDecoder> {
  return format === "opus" ? opusPool : vorbisPool;
}

/** What both decoders do. */
export interface OggDecoder extends BlockDecoder {
  decode(data: Uint8Array): DecodedBlock | Promise<DecodedBlock>;
  flush(): Promise<DecodedBlock>;
}

async function* decodePieces(decoder: OggDecoder, bytes: Uint8Array): AsyncGenerator<DecodedBlock> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield decoder.decode(bytes.subarray(at, at + pieceBytes));
  yield decoder.flush();
}

async function decodeOgg(
  pool: DecoderPool<OggDecoder>,
  bytes: Uint8Array,
  name: string,
  limits: SoundLimits,
  sampleRate: number,
): Promise<Sound> {
  checkDuration(name, lastGranule(bytes), sampleRate, limits);
  const mix = await decodeBlocks(pool, {
    name,
    blocks: (decoder) => decodePieces(decoder, bytes),
    limits,
    sampleRate,
    scale: (value) => value,
  });
  return { samples: mix.join(), sampleRate };
}

/** The payload of the first page. */
function identification(bytes: Uint8Array, name: string, size: number): DataView {
  const start = 27 + bytes[26];
  if (start + size > bytes.length)
    throw new FormatError(name, "first page", "its end is missing", "the file is cut off; copy it again");
  return new DataView(bytes.buffer, bytes.byteOffset + start, size);
}

function checkChannels(channels: number, name: string): void {
  if (channels < 1 || channels > mostOggChannels)
    throw new FormatError(name, "first page", `${channels} channels`, `give a file with 1 to ${mostOggChannels} channels`);
}

/** Position of the last page in samples: what the file says about its length; 0 where no page is found. */
function lastGranule(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = bytes.length - 27; at >= 0; at--) {
    if (view.getUint32(at) !== 0x4f676753) continue;
    const position = view.getBigInt64(at + 6, true);
    if (position >= 0n) return Number(position);
  }
  return 0;
}
