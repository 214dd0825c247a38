import { FormatError } from "../base/errors.js";
import { checkDuration, highestRate, lowestRate, mostChannels } from "./sound.js";
import type { Sound, SoundLimits } from "./sound.js";

const formatPcm = 1;
const formatFloat = 3;
const formatExtensible = 0xfffe;

/** What a WAV file says about its samples. */
export interface WavFormat {
  encoding: "pcm" | "float";
  /** Size of one sample of one channel, in bytes. */
  sampleBytes: number;
  channels: number;
  /** In Hz. */
  sampleRate: number;
}

interface Chunks {
  format: WavFormat;
  /** Byte range of the samples. */
  dataStart: number;
  dataEnd: number;
}

/** True where the bytes begin like a WAV file (RIFF, RF64 or BW64). */
export function isWav(bytes: Uint8Array): boolean {
  return bytes.length >= 12 && ["RIFF", "RF64", "BW64"].includes(fourCharacters(bytes, 0)) && fourCharacters(bytes, 8) === "WAVE";
}

/**
 * Decodes a WAV file: PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, plain or WAVE_FORMAT_EXTENSIBLE, any number of
 * channels up to 64 (mixed down to their mean). A data size that is 0, unknown or beyond the end means: all bytes that are there.
 * @param bytes the whole file
 * @param name file name for messages
 * @throws FormatError for bytes that are no readable WAV file, UserError for a sound beyond the limits
 */
export function decodeWav(bytes: Uint8Array, name: string, limits: SoundLimits = {}): Sound {
  const { format, dataStart, dataEnd } = findChunks(bytes, name);
  const frameBytes = format.sampleBytes * format.channels;
  const frames = Math.floor((dataEnd - dataStart) / frameBytes);
  checkDuration(name, frames, format.sampleRate, limits);
  const samples = decodeFrames(bytes.subarray(dataStart, dataStart + frames * frameBytes), format, name, 0);
  return { samples, sampleRate: format.sampleRate };
}

/**
 * Refuses a WAV file that is too long before all of it is read.
 * @param head the first bytes of the file
 * @param fileBytes size of the whole file
 * @throws UserError for a sound beyond the limits; what else is wrong is left to `decodeWav`
 */
export function checkWavDuration(head: Uint8Array, fileBytes: number, name: string, limits: SoundLimits): void {
  let chunks: Chunks;
  try {
    chunks = findChunks(head, name, fileBytes);
  } catch (error) {
    if (error instanceof FormatError) return;
    throw error;
  }
  const { format, dataStart, dataEnd } = chunks;
  const frames = Math.floor((dataEnd - dataStart) / (format.sampleBytes * format.channels));
  checkDuration(name, frames, format.sampleRate, limits);
}

/**
 * Mono samples of whole frames, the mean of their channels.
 * @param first number of the first frame in its file, for messages
 * @throws FormatError where a sample is no finite number
 */
export function decodeFrames(bytes: Uint8Array, format: WavFormat, name: string, first: number): Float32Array {
  const frames = Math.floor(bytes.length / (format.sampleBytes * format.channels));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const samples = new Float32Array(frames);
  if (format.channels === 1) decodeMono(view, format, samples);
  else decodeMixed(view, format, samples);
  if (format.encoding === "float") checkFinite(samples, name, first);
  return samples;
}

type SampleReader = (view: DataView, offset: number) => number;

function sampleReader(format: WavFormat): SampleReader {
  if (format.encoding === "float") {
    return format.sampleBytes === 4 ? (v, o) => v.getFloat32(o, true) : (v, o) => v.getFloat64(o, true);
  }
  switch (format.sampleBytes) {
    case 1:
      return (v, o) => (v.getUint8(o) - 128) / 128;
    case 2:
      return (v, o) => v.getInt16(o, true) / 32768;
    case 3:
      return (v, o) => ((v.getInt8(o + 2) << 16) | v.getUint16(o, true)) / 8388608;
    default:
      return (v, o) => v.getInt32(o, true) / 2147483648;
  }
}

function decodeMono(view: DataView, format: WavFormat, samples: Float32Array): void {
  const size = format.sampleBytes;
  if (format.encoding === "pcm" && size === 2) {
    for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(2 * i, true) / 32768;
    return;
  }
  const read = sampleReader(format);
  for (let i = 0; i < samples.length; i++) samples[i] = read(view, i * size);
}

function decodeMixed(view: DataView, format: WavFormat, samples: Float32Array): void {
  const { sampleBytes, channels } = format;
  const read = sampleReader(format);
  for (let i = 0, offset = 0; i < samples.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++, offset += sampleBytes) sum += read(view, offset);
    samples[i] = sum / channels;
  }
}

/** Refuses samples that are no finite numbers; the first has the number `first` in the file. */
function checkFinite(samples: Float32Array, name: string, first = 0): void {
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i]))
      throw new FormatError(
        name,
        `sample ${first + i}`,
        `the value ${samples[i]}`,
        "write the file again; samples must be finite numbers",
      );
  }
}

/** @param total size of the file where `bytes` are only its beginning */
function findChunks(bytes: Uint8Array, name: string, total = bytes.length): Chunks {
  if (!isWav(bytes)) {
    const found = bytes.length < 12 ? `only ${bytes.length} bytes` : `'${printable(fourCharacters(bytes, 0))}'`;
    throw new FormatError(name, "byte 0", `${found} instead of a RIFF WAVE header`, "give a WAV file");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let format: WavFormat | undefined;
  let data: { start: number; end: number } | undefined;
  let longSize: number | undefined;
  for (let at = 12; at + 8 <= bytes.length && !(format && data); ) {
    const id = fourCharacters(bytes, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (id === "ds64" && body + 16 <= bytes.length) longSize = Number(view.getBigUint64(body + 8, true));
    if (id === "fmt ") format ??= parseFormat(view, body, size, name);
    if (id === "data" && !data) {
      const end = dataEnd(bytes, total, body, size === 0xffffffff && longSize !== undefined ? longSize : size);
      data = { start: body, end };
      at = nextChunk(bytes, end);
    } else at = nextChunk(bytes, body + size);
  }
  if (!format)
    throw new FormatError(
      name,
      "chunk 'fmt '",
      "it is missing",
      "write the file again; it does not say how its samples are stored",
    );
  if (!data) throw new FormatError(name, "chunk 'data'", "it is missing", "write the file again; it has no samples");
  return { format, dataStart: data.start, dataEnd: data.end };
}

/** Where the samples end; a size that cannot be true is replaced by what is there. */
function dataEnd(bytes: Uint8Array, total: number, body: number, size: number): number {
  if (size > 0 && body + size <= total) return body + size;
  if (size === 0 && chunksReachEnd(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), body)) return body;
  return total;
}

/** Whether a chain of named chunks leads from `at` exactly to the end: then an empty data chunk is truly empty. */
function chunksReachEnd(bytes: Uint8Array, view: DataView, at: number): boolean {
  while (at + 8 <= bytes.length) {
    if (!isName(bytes, at)) return false;
    const end = at + 8 + view.getUint32(at + 4, true);
    at = Math.min(nextChunk(bytes, end), Math.max(end, bytes.length));
  }
  return at === bytes.length;
}

/** Chunks start at even bytes; some writers forget the padding byte. */
function nextChunk(bytes: Uint8Array, end: number): number {
  if (end % 2 === 0) return end;
  if (knownNames.has(fourCharacters(bytes, end + 1))) return end + 1;
  return isName(bytes, end) ? end : end + 1;
}

const knownNames = new Set([
  "fmt ",
  "data",
  "LIST",
  "fact",
  "cue ",
  "smpl",
  "inst",
  "bext",
  "junk",
  "JUNK",
  "PEAK",
  "id3 ",
  "iXML",
  "ds64",
]);

function isName(bytes: Uint8Array, at: number): boolean {
  if (at + 4 > bytes.length) return false;
  for (let i = at; i < at + 4; i++) if (bytes[i] < 0x20 || bytes[i] > 0x7e) return false;
  return true;
}

/** Reads a 'fmt ' chunk whose body begins at `at`. Throws FormatError for an encoding that is not read. */
export function parseFormat(view: DataView, at: number, size: number, name: string): WavFormat {
  const available = Math.min(size, view.byteLength - at);
  if (available < 16)
    throw new FormatError(
      name,
      `chunk 'fmt ' at byte ${at}`,
      `${available} bytes instead of at least 16`,
      "write the file again",
    );
  let tag = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRate = view.getUint32(at + 4, true);
  const blockAlign = view.getUint16(at + 12, true);
  const bits = view.getUint16(at + 14, true);
  if (tag === formatExtensible && available >= 26) tag = view.getUint16(at + 24, true);
  const fault = (what: string, remedy: string): FormatError => new FormatError(name, "chunk 'fmt '", what, remedy);
  if (channels < 1 || channels > mostChannels)
    throw fault(`${channels} channels`, `give a file with 1 to ${mostChannels} channels`);
  if (sampleRate < lowestRate || sampleRate > highestRate)
    throw fault(`a sample rate of ${sampleRate} Hz`, `give a file with ${lowestRate} to ${highestRate} Hz`);
  if (tag !== formatPcm && tag !== formatFloat)
    throw fault(`encoding ${tag}${encodingNames[tag] ?? ""}`, "convert it to PCM or float samples");
  // Samples of 12 or 20 bits are stored in the high bits of a container whose size only the block size tells.
  const sampleBytes = blockAlign > 0 && blockAlign % channels === 0 ? blockAlign / channels : Math.ceil(bits / 8);
  const known = tag === formatPcm ? [1, 2, 3, 4] : [4, 8];
  if (!known.includes(sampleBytes) || bits > sampleBytes * 8)
    throw fault(
      `samples of ${bits} bits in ${sampleBytes} bytes`,
      "convert it to PCM of 8, 16, 24, 32 bits or float of 32, 64 bits",
    );
  return { encoding: tag === formatPcm ? "pcm" : "float", sampleBytes, channels, sampleRate };
}

const encodingNames: Record<number, string> = {
  2: " (Microsoft ADPCM)",
  6: " (A-law)",
  7: " (mu-law)",
  17: " (IMA ADPCM)",
  49: " (GSM)",
  80: " (MPEG)",
  85: " (MP3)",
};

function fourCharacters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, ".");
}
