import { FormatError } from "../base/errors.js";
import type { ByteQueue } from "./byte_queue.js";
import { headBytes, readStream } from "./flac.js";
import {
  checkHeader,
  type FlacStream,
  frameEnd,
  type FrameHeader,
  frameHeader,
  longestFrame,
  longestHeader,
} from "./flac_frames.js";
import { decodeFlacFrame, FlacFault } from "./flac_samples.js";
import type { SoundStream } from "./sound_stream.js";

const damage = "the file is damaged or cut off; copy it again";

/**
 * Reads a FLAC file as it comes, frame by frame.
 * @param queue stands at the signature
 * @throws FormatError
 */
export async function openFlacStream(queue: ByteQueue, name: string): Promise<SoundStream> {
  await queue.fill(headBytes);
  const stream = readStream(queue.bytes, name);
  queue.drop(4);
  for (let isLast = false; !isLast; ) {
    if (!(await queue.fill(4))) throw new FormatError(name, "its metadata", "they do not end", damage);
    const [first, high, middle, low] = queue.bytes;
    isLast = (first & 0x80) !== 0;
    await queue.skip(4 + ((high << 16) | (middle << 8) | low));
  }
  return { sampleRate: stream.sampleRate, blocks: frameBlocks(queue, stream, name) };
}

async function* frameBlocks(queue: ByteQueue, stream: FlacStream, name: string): AsyncGenerator<Float32Array> {
  let done = 0;
  let decoded: Int32Array[] = [];
  // Tags of other formats may follow the last frame.
  while ((await queue.fill(1)) && (stream.samples === 0 || done < stream.samples)) {
    const { header, end } = await nextFrame(queue, stream, name, done);
    if ((decoded[0]?.length ?? 0) < header.samples)
      decoded = Array.from({ length: stream.channels }, () => new Int32Array(header.samples));
    const frame = { start: 0, body: header.length, end, samples: header.samples, assignment: header.assignment };
    try {
      decodeFlacFrame(queue.bytes, frame, stream.bits, decoded);
    } catch (error) {
      if (!(error instanceof FlacFault)) throw error;
      throw new FormatError(name, `the frame after ${done} samples`, error.message, damage);
    }
    queue.drop(end);
    const samples = mixed(decoded, header.samples, stream);
    done += samples.length;
    yield samples;
  }
  if (done < stream.samples || done === 0)
    throw new FormatError(name, "its end", `${done} samples instead of the ${stream.samples} that its header promises`, damage);
}

interface FoundFrame {
  header: FrameHeader;
  end: number;
}

async function nextFrame(queue: ByteQueue, stream: FlacStream, name: string, done: number): Promise<FoundFrame> {
  const place = `the frame after ${done} samples`;
  await queue.fill(longestHeader);
  const header = frameHeader(queue.bytes, 0);
  if (header === undefined) throw new FormatError(name, place, "no frame", damage);
  checkHeader(header, stream, place, name);
  // What ends a frame shows only in the header of the next.
  await queue.fill(longestFrame(header, stream) + longestHeader);
  const isLast = stream.samples > 0 && done + header.samples >= stream.samples;
  const end = frameEnd(queue.bytes, 0, header, stream, isLast);
  if (end === undefined) throw new FormatError(name, place, "a frame whose checksum fits nowhere", damage);
  return { header, end };
}

function mixed(channels: readonly Int32Array[], count: number, { bits }: FlacStream): Float32Array {
  const fullScale = channels.length * 2 ** (bits - 1);
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (const channel of channels) sum += channel[i];
    samples[i] = sum / fullScale;
  }
  return samples;
}
