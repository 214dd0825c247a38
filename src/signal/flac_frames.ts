import { FormatError } from "../base/errors.js";

/** What STREAMINFO says. */
export interface FlacStream {
  /** Hz. */
  sampleRate: number;
  channels: number;
  /** Bits of a sample. */
  bits: number;
  /** Samples a channel; 0 where the writer did not know. */
  samples: number;
}

/** Place of a frame in the file, and what it unpacks to. */
export interface FlacFrame {
  start: number;
  /** First byte after the header. */
  body: number;
  /** End, with the checksum. */
  end: number;
  /** Samples a channel. */
  samples: number;
  /** How the channels are stored: from 8 on, a pair as one and the difference (RFC 9639, table 15). */
  assignment: number;
}

/** What stands before a frame's samples. */
export interface FrameHeader {
  /** Bytes of the header. */
  length: number;
  samples: number;
  channels: number;
  assignment: number;
  /** 0: as STREAMINFO says. */
  bits: number;
  /** Hz; 0: as STREAMINFO says. */
  sampleRate: number;
}

const remedy = "the file is damaged or cut off; copy it again";
/** Longest header: sync, codes, a number of 7 bytes, size and rate of 2 bytes each, checksum. */
export const longestHeader = 16;

/**
 * Finds the frames of a FLAC file by their checksums (RFC 9639, chapter 9). Every byte is looked at once, whatever stands there, so
 * that no file takes longer than its size allows.
 * @param bytes the whole file
 * @param at where the first metadata block starts
 * @param name file name for messages
 * @throws FormatError where a frame is damaged, or another one than the stream promises
 */
export function* flacFrames(bytes: Uint8Array, at: number, stream: FlacStream, name: string): Generator<FlacFrame> {
  let done = 0;
  for (let start = afterMetadata(bytes, at, name); start < bytes.length; ) {
    const header = frameHeader(bytes, start);
    if (header === undefined) {
      // Tags of other formats may follow the last frame.
      if (stream.samples > 0 && done >= stream.samples) return;
      throw new FormatError(name, `byte ${start}`, `no frame after ${done} samples`, remedy);
    }
    checkHeader(header, stream, `byte ${start}`, name);
    const isLast = stream.samples > 0 && done + header.samples >= stream.samples;
    const end = frameEnd(bytes, start, header, stream, isLast);
    if (end === undefined)
      throw new FormatError(name, `byte ${start}`, `a frame whose checksum fits nowhere, after ${done} samples`, remedy);
    const { samples, assignment } = header;
    yield { start, body: start + header.length, end, samples, assignment };
    done += header.samples;
    start = end;
  }
}

function afterMetadata(bytes: Uint8Array, at: number, name: string): number {
  for (let start = at; ; ) {
    if (start + 4 > bytes.length) throw new FormatError(name, `byte ${start}`, "the metadata do not end", remedy);
    const isLast = (bytes[start] & 0x80) !== 0;
    start += 4 + ((bytes[start + 1] << 16) | (bytes[start + 2] << 8) | bytes[start + 3]);
    if (isLast) return start;
  }
}

/** Refuses a frame that is another one than the stream promises. */
export function checkHeader(header: FrameHeader, stream: FlacStream, place: string, name: string): void {
  const { channels, bits, sampleRate } = header;
  const found: [string, number, number][] = [
    ["channels", channels, stream.channels],
    ["bits a sample", bits === 0 ? stream.bits : bits, stream.bits],
    ["Hz", sampleRate === 0 ? stream.sampleRate : sampleRate, stream.sampleRate],
  ];
  for (const [what, here, promised] of found)
    if (here !== promised)
      throw new FormatError(name, place, `a frame with ${here} ${what} in a stream with ${promised}`, "write the file again");
}

/** Most bytes of a frame: twice the size of unpacked samples, since an encoder stores unpacked what does not shrink. */
export function longestFrame(header: FrameHeader, stream: FlacStream): number {
  return 1024 + 2 * header.channels * (Math.ceil((header.samples * (stream.bits + 1)) / 8) + 16);
}

/** End of a frame: where its checksum is right and the next header or the end of the file follows. */
export function frameEnd(
  bytes: Uint8Array,
  start: number,
  header: FrameHeader,
  stream: FlacStream,
  isLast: boolean,
): number | undefined {
  const limit = Math.min(bytes.length, start + longestFrame(header, stream));
  let candidate: number | undefined;
  // The checksum over a frame together with its checksum is 0.
  let sum = 0;
  for (let at = start; at < limit; at++) {
    sum = ((sum << 8) ^ frameSums[(sum >>> 8) ^ bytes[at]]) & 0xffff;
    if (sum !== 0 || at - start < header.length + 2) continue;
    if (at + 1 === bytes.length || frameHeader(bytes, at + 1) !== undefined) return at + 1;
    candidate = at + 1;
  }
  return isLast ? candidate : undefined;
}

/** The header of a frame, or undefined where none stands. */
export function frameHeader(bytes: Uint8Array, at: number): FrameHeader | undefined {
  if (at + 6 > bytes.length || bytes[at] !== 0xff || (bytes[at + 1] & 0xfe) !== 0xf8) return undefined;
  const sizeCode = bytes[at + 2] >> 4;
  const rateCode = bytes[at + 2] & 15;
  const assignment = bytes[at + 3] >> 4;
  const bits = sampleBits[(bytes[at + 3] >> 1) & 7];
  if (sizeCode === 0 || rateCode === 15 || assignment > 10 || bits === undefined || (bytes[at + 3] & 1) !== 0) return undefined;
  let next = at + 4 + codedNumberLength(bytes[at + 4]);
  const sizeAt = next;
  next += sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0;
  const rateAt = next;
  next += rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0;
  if (next >= bytes.length || next - at > longestHeader || headerSum(bytes, at, next) !== bytes[next]) return undefined;
  return {
    length: next + 1 - at,
    samples: blockSize(bytes, sizeCode, sizeAt),
    channels: assignment < 8 ? assignment + 1 : 2,
    assignment,
    bits,
    sampleRate: frameRate(bytes, rateCode, rateAt),
  };
}

const sampleBits = [0, 8, 12, undefined, 16, 20, 24, 32];
const rates = [0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

function blockSize(bytes: Uint8Array, code: number, at: number): number {
  if (code === 1) return 192;
  if (code <= 5) return 576 << (code - 2);
  if (code === 6) return bytes[at] + 1;
  if (code === 7) return ((bytes[at] << 8) | bytes[at + 1]) + 1;
  return 1 << code;
}

function frameRate(bytes: Uint8Array, code: number, at: number): number {
  if (code < 12) return rates[code];
  if (code === 12) return 1000 * bytes[at];
  return ((bytes[at] << 8) | bytes[at + 1]) * (code === 13 ? 1 : 10);
}

/** Bytes of a frame's number, coded like UTF-8. */
function codedNumberLength(first: number): number {
  if (first < 0x80) return 1;
  let length = 1;
  while (length < 7 && (first & (0x80 >> length)) !== 0) length++;
  return length;
}

function headerSum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum = headerSums[sum ^ bytes[at]];
  return sum;
}

/** Table of a checksum whose remainders have `width` bits. */
function checksumTable(width: number, polynomial: number): Uint16Array {
  const top = 1 << (width - 1);
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let sum = byte << (width - 8);
    for (let i = 0; i < 8; i++) sum = (sum & top) !== 0 ? (sum << 1) ^ polynomial : sum << 1;
    return sum & ((1 << width) - 1);
  });
}

const headerSums = checksumTable(8, 0x07);
const frameSums = checksumTable(16, 0x8005);
