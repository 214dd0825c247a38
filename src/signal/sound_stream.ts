import { FormatError } from "../base/errors.js";
import { ByteQueue } from "./byte_queue.js";
import { describe, id3Length, soundFormat } from "./decode.js";
import { openFlacStream } from "./flac_stream.js";
import { openOggStream } from "./ogg_stream.js";
import { pcmBlocks } from "./pcm_stream.js";
import { StreamResampler } from "./resample_stream.js";
import type { WavFormat } from "./wav-reader.js";
import { openWavStream } from "./wav_stream.js";

/** A sound whose samples come in blocks. */
export interface SoundStream {
  /** Hz. */
  sampleRate: number;
  /** Mono, full scale -1 to 1. */
  blocks: AsyncGenerator<Float32Array>;
}

/** How a stream of bytes is read. */
export interface StreamOptions {
  /** Hz wanted; default 16000. */
  rate?: number;
  /** How samples are stored where the bytes have no header; without it such bytes are refused. */
  raw?: WavFormat | undefined;
  /** Takes the bytes for samples without a header, whatever they begin with. */
  alwaysRaw?: boolean;
  /** Told when bytes without a header are taken for samples. */
  onRaw?: () => void;
}

/** Bytes that tell the format; an Ogg page and a RIFF header are told by less. */
const headBytes = 1 << 10;
/** Pictures stand in ID3 tags; what is longer is none. */
const longestTag = 1 << 24;

/**
 * Decodes WAV, FLAC, Ogg Opus, Ogg Vorbis or bare samples block by block, however long they are: memory is that of some blocks.
 * Damage is found when it is reached; what stood before it has been given by then.
 * @param bytes the file, from its beginning
 * @param name file name for messages
 * @returns mono samples at the rate wanted
 * @throws FormatError for other or damaged bytes
 */
export async function* streamSound(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  options: StreamOptions = {},
): AsyncGenerator<Float32Array> {
  const queue = new ByteQueue(bytes);
  try {
    const { sampleRate, blocks } = await openStream(queue, name, options);
    const resampler = new StreamResampler(sampleRate, options.rate ?? 16_000);
    for await (const block of blocks) {
      const samples = resampler.push(block);
      if (samples.length > 0) yield samples;
    }
    yield resampler.end();
  } finally {
    await queue.close();
  }
}

async function openStream(queue: ByteQueue, name: string, options: StreamOptions): Promise<SoundStream> {
  if (options.alwaysRaw !== true) {
    // A microphone gives no more than it hears: what tells the formats apart has 12 bytes, Ogg's first page more.
    await queue.fill(12);
    if (String.fromCharCode(...queue.bytes.subarray(0, 4)) === "OggS") await queue.fill(headBytes);
    await skipTag(queue);
    const format = soundFormat(queue.bytes);
    if (format === "wav") return openWavStream(queue, name);
    if (format === "flac") return openFlacStream(queue, name);
    if (format !== undefined) return openOggStream(queue, name, format);
  }
  const found = describe(queue.bytes);
  // A sample of -1 has the bytes with which an MP3 frame begins.
  const mayBeRaw = options.alwaysRaw === true || found.startsWith("no sound") || queue.bytes[0] === 0xff;
  if (options.raw === undefined || !mayBeRaw)
    throw new FormatError(name, "byte 0", found, "give a WAV, FLAC, Ogg Opus or Ogg Vorbis file");
  if (options.alwaysRaw !== true) options.onRaw?.();
  return { sampleRate: options.raw.sampleRate, blocks: pcmBlocks(queue, options.raw, name, Infinity) };
}

/** Passes over an ID3 tag that stands before a FLAC file. */
async function skipTag(queue: ByteQueue): Promise<void> {
  if (String.fromCharCode(...queue.bytes.subarray(0, 3)) !== "ID3") return;
  const length = id3Length(queue.bytes);
  if (length > longestTag || !(await queue.fill(length + 12))) return;
  if (String.fromCharCode(...queue.bytes.subarray(length, length + 4)) === "fLaC") queue.drop(length);
}
