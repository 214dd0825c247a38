import { UserError } from "../base/errors.js";
import type { ByteQueue } from "./byte_queue.js";
import { damaged, discard, quietly } from "./decoder-pool.js";
import { Mixdown } from "./mixdown.js";
import { oggPool, oggRate, pieceBytes } from "./ogg.js";
import type { SoundStream } from "./sound_stream.js";

/** The first page is shorter: one packet of some dozen bytes. */
const firstPage = 1 << 10;

/**
 * Reads Ogg Opus or Ogg Vorbis as it comes.
 * @param queue stands at the first page
 * @throws FormatError
 */
export async function openOggStream(queue: ByteQueue, name: string, format: "opus" | "vorbis"): Promise<SoundStream> {
  await queue.fill(firstPage);
  return { sampleRate: oggRate(queue.bytes, name, format), blocks: decodedBlocks(queue, name, format) };
}

async function* decodedBlocks(queue: ByteQueue, name: string, format: "opus" | "vorbis"): AsyncGenerator<Float32Array> {
  const pool = oggPool(format);
  const decoder = await pool.take();
  let isWhole = false;
  try {
    for (let more = true; more; ) {
      more = await queue.fill(1);
      const piece = queue.bytes.slice(0, pieceBytes);
      const block = await quietly(() => (more ? decoder.decode(piece) : decoder.flush()));
      queue.drop(piece.length);
      const fault = block.errors[0];
      if (fault !== undefined) throw damaged(name, `byte ${fault.inputBytes}`, fault.message);
      const mix = new Mixdown(block.samplesDecoded);
      mix.add(block.channelData, block.samplesDecoded, (value) => value);
      if (mix.length > 0) yield mix.join();
    }
    isWhole = true;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damaged(name, "its frames", error instanceof Error ? error.message : String(error));
  } finally {
    // A decoder that stopped in the middle of a file is of no use for another.
    if (isWhole) pool.give(decoder);
    else await discard(decoder);
  }
}
