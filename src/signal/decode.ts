import { open } from "node:fs/promises";
import { FormatError } from "../base/errors.js";
import { readBounded } from "../base/read_file.js";
import { decodeFlac } from "./flac.js";
import { decodeOpus, decodeVorbis } from "./ogg.js";
import { resampleSound } from "./resample.js";
import { checkUnpackedSize } from "./sound.js";
import type { Sound, SoundLimits } from "./sound.js";
import { checkWavDuration, decodeWav, isWav } from "./wav-reader.js";

/** Bytes in which the samples of a WAV file begin, mostly; a shorter file is read at once. */
const headBytes = 1 << 17;

/** What a file holds, told by its first bytes, never by its name. */
export type SoundFormat = "wav" | "flac" | "opus" | "vorbis";

/** How a file is read. */
export interface ReadOptions extends SoundLimits {
  /** Sample rate wanted, in Hz; default 16000. `null` keeps the rate of the file. */
  rate?: number | null;
  /** Largest file read, in bytes; default 1 GiB. */
  maxBytes?: number;
}

/** The format of the bytes, or undefined where they are none that can be read. */
export function soundFormat(bytes: Uint8Array): SoundFormat | undefined {
  if (isWav(bytes)) return "wav";
  if (startsWith(bytes, 0, "fLaC") || (startsWith(bytes, 0, "ID3") && startsWith(bytes, id3Length(bytes), "fLaC"))) return "flac";
  if (!startsWith(bytes, 0, "OggS") || bytes.length < 28) return undefined;
  const payload = 27 + bytes[26];
  if (startsWith(bytes, payload, "OpusHead")) return "opus";
  if (startsWith(bytes, payload, "\x01vorbis")) return "vorbis";
  return undefined;
}

/**
 * Decodes a WAV, FLAC, Ogg Opus or Ogg Vorbis file to mono at its own rate (Opus: 48 kHz). For WAV alone `decodeWav` does the
 * same without a promise.
 * @param bytes the whole file
 * @param name file name for messages
 * @throws FormatError for other or damaged bytes, UserError for a sound beyond the limits
 */
export async function decodeSound(bytes: Uint8Array, name: string, limits: SoundLimits = {}): Promise<Sound> {
  switch (soundFormat(bytes)) {
    case "wav":
      return decodeWav(bytes, name, limits);
    case "flac":
      return decodeFlac(startsWith(bytes, 0, "ID3") ? bytes.subarray(id3Length(bytes)) : bytes, name, limits);
    case "opus":
      return decodeOpus(bytes, name, limits);
    case "vorbis":
      return decodeVorbis(bytes, name, limits);
    default:
      throw new FormatError(name, "byte 0", describe(bytes), "give a WAV, FLAC, Ogg Opus or Ogg Vorbis file");
  }
}

/**
 * Reads a sound file, mixed down to mono, at the rate wanted.
 * @throws UserError where the file cannot be read or is beyond the limits, FormatError where it is no sound
 */
export async function readSound(path: string, options: ReadOptions = {}): Promise<Sound> {
  await refuseLongWav(path, options);
  const bytes = await readBounded(path, options.maxBytes ?? 2 ** 30, options.remedy ?? "cut it into pieces or raise the limit");
  return decodeSoundAt(bytes, path, options);
}

/** A WAV file of hours is refused by its beginning; it would be read whole otherwise. */
async function refuseLongWav(path: string, limits: SoundLimits): Promise<void> {
  const file = await open(path, "r").catch(() => undefined);
  // Why it cannot be read is said where it is read.
  if (file === undefined) return;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size <= headBytes) return;
    const { bytesRead, buffer } = await file.read(new Uint8Array(headBytes), 0, headBytes, 0);
    const head = buffer.subarray(0, bytesRead);
    if (isWav(head)) checkWavDuration(head, found.size, path, limits);
  } finally {
    await file.close();
  }
}

/**
 * `decodeSound`, brought to the rate wanted.
 * @throws FormatError for other or damaged bytes, UserError for a sound beyond the limits
 */
export async function decodeSoundAt(bytes: Uint8Array, name: string, options: ReadOptions = {}): Promise<Sound> {
  const sound = await decodeSound(bytes, name, options);
  const { rate = 16_000 } = options;
  if (rate === null || rate === sound.sampleRate) return sound;
  const { length } = sound.samples;
  // Lossy files are small for what they hold: there the duration alone is the limit.
  if (["wav", "flac"].includes(soundFormat(bytes) as string))
    checkUnpackedSize(name, length + Math.round((length * rate) / sound.sampleRate), bytes.length);
  return resampleSound(sound, rate);
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  if (at + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Length of an ID3v2 tag with its header; its size has 7 bits a byte. */
export function id3Length(bytes: Uint8Array): number {
  if (bytes.length < 10) return bytes.length;
  return 10 + ((bytes[6] & 127) << 21) + ((bytes[7] & 127) << 14) + ((bytes[8] & 127) << 7) + (bytes[9] & 127);
}

/** What bytes seem to be that are none of the formats that can be read. */
export function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  if (startsWith(bytes, 0, "OggS")) return "an Ogg file with neither Opus nor Vorbis";
  if (startsWith(bytes, 0, "ID3") || (bytes[0] === 0xff && (bytes[1] & 0xe0) === 0xe0)) return "an MP3 or AAC file";
  if (startsWith(bytes, 4, "ftyp")) return "an MP4 file";
  if (startsWith(bytes, 0, "FORM")) return "an AIFF file";
  if (startsWith(bytes, 0, "RIFX")) return "a big-endian WAV file";
  return "no sound format that is known";
}
