import type { Detection, Detector, SmoothedScores } from "./detector.js";
import type { PosteriorStream } from "./posteriors.js";

/** A moment of a sound that is listened to. */
export interface Moment {
  smoothed: SmoothedScores;
  detection: Detection | undefined;
}

/** Seconds of silence heard after the end: a word that ends with the sound still comes to lie within the window. */
const tail = 0.5;
/** Samples heard at a time. */
const pieceSeconds = 0.5;

/**
 * Listens to a sound as it comes: every hop's scores and what was heard. Memory does not depend on the sound's length.
 * @param blocks mono samples at the stream's rate
 */
export async function* listenTo(
  blocks: AsyncIterable<Float32Array>,
  stream: PosteriorStream,
  detector: Detector,
): AsyncGenerator<Moment> {
  const piece = Math.round(pieceSeconds * stream.rate);
  for await (const block of blocks)
    for (let at = 0; at < block.length; at += piece)
      for (const posteriors of await stream.push(block.subarray(at, at + piece))) yield detector.push(posteriors);
  for (const posteriors of await stream.push(new Float32Array(Math.round(tail * stream.rate)))) yield detector.push(posteriors);
}
