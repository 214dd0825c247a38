import type { ByteQueue } from "./byte_queue.js";
import { decodeFrames, type WavFormat } from "./wav-reader.js";

/** Most bytes decoded at a time. */
const blockBytes = 1 << 16;

/**
 * Mono samples of bytes without a header, or behind one.
 * @param most bytes of samples; less where the input ends before
 */
export async function* pcmBlocks(queue: ByteQueue, format: WavFormat, name: string, most: number): AsyncGenerator<Float32Array> {
  const frameBytes = format.sampleBytes * format.channels;
  for (let left = most, frames = 0; left >= frameBytes; ) {
    if (!(await queue.fill(frameBytes))) return;
    const bytes = Math.min(left, queue.bytes.length, Math.max(blockBytes, frameBytes));
    const whole = bytes - (bytes % frameBytes);
    const samples = decodeFrames(queue.bytes.subarray(0, whole), format, name, frames);
    queue.drop(whole);
    left -= whole;
    frames += samples.length;
    yield samples;
  }
}
