import * as v from "valibot";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor } from "../graph/types.js";
import { framingOf, positiveNumber, type SoundShape } from "./options.js";

/** Options of frames of samples, as kws_streaming's dnn_raw takes them. Lengths are in ms. */
export const framesSchema = v.strictObject({
  kind: v.literal("frames"),
  /** Length of a frame, ms. */
  windowMs: positiveNumber(40),
  /** Hop between frames, ms. */
  strideMs: positiveNumber(20),
});

/** Options of `frames`, defaults filled in. */
export type FramesOptions = v.InferOutput<typeof framesSchema>;

/**
 * Frames of samples as they are, without a window function or a transform.
 * @returns graph "audio" [1, samples] -> "features" [1, frames, samples of a frame]
 * @throws UsageError naming the option that does not fit the sound
 */
export function frames(options: FramesOptions, { samples, rate }: SoundShape): Graph {
  const bands = { melBands: 1, lowerHertz: 0, upperHertz: rate / 2 };
  const { window: length, hop } = framingOf({ ...options, ...bands }, samples, rate);
  const builder = new GraphBuilder("frames");
  const audio = builder.input("audio", tensor("f32", [1, samples]));
  builder.output("features", builder.op("frame", [audio], { length, hop }));
  return builder.finish();
}
