import { FormatError } from "../base/errors.js";
import type { ByteQueue } from "./byte_queue.js";
import { pcmBlocks } from "./pcm_stream.js";
import type { SoundStream } from "./sound_stream.js";
import { parseFormat, type WavFormat } from "./wav-reader.js";

/** A 'fmt ' chunk has at most 40 bytes; some writers append a few. */
const longestFormat = 1 << 12;
const unknownSize = 0xffffffff;

/**
 * Reads a WAV file as it comes. A data size of 0 or 0xffffffff, as programs write that do not know it yet, means: to the end.
 * @param queue stands at the first byte of the file
 * @throws FormatError
 */
export async function openWavStream(queue: ByteQueue, name: string): Promise<SoundStream> {
  await queue.fill(12);
  queue.drop(12);
  let format: WavFormat | undefined;
  let longSize: number | undefined;
  for (;;) {
    if (!(await queue.fill(8))) throw missing(name, format === undefined ? "fmt " : "data");
    const id = String.fromCharCode(...queue.bytes.subarray(0, 4));
    const size = viewOf(queue).getUint32(4, true);
    queue.drop(8);
    if (id === "data") {
      if (format === undefined) throw missing(name, "fmt ");
      const known = size === unknownSize ? (longSize ?? 0) : size;
      return { sampleRate: format.sampleRate, blocks: pcmBlocks(queue, format, name, known === 0 ? Infinity : known) };
    }
    if (id === "ds64" && (await queue.fill(16))) longSize = Number(viewOf(queue).getBigUint64(8, true));
    if (id === "fmt " && format === undefined) {
      await queue.fill(Math.min(size, longestFormat));
      format = parseFormat(viewOf(queue), 0, Math.min(size, queue.bytes.length), name);
    }
    await queue.skip(size);
    // Chunks start at even bytes; some writers forget the padding byte, which is 0 and begins no name.
    if (size % 2 === 1 && (await queue.fill(1)) && queue.bytes[0] === 0) queue.drop(1);
  }
}

function viewOf(queue: ByteQueue): DataView {
  const { buffer, byteOffset, length } = queue.bytes;
  return new DataView(buffer, byteOffset, length);
}

function missing(name: string, chunk: string): FormatError {
  return new FormatError(name, `chunk '${chunk}'`, "it is missing", "write the file again");
}
