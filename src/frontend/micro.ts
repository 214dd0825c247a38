import * as v from "valibot";
import { UsageError } from "../base/errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor, type Value } from "../graph/types.js";
import { framingOf, naturalNumber, positiveNumber, type SoundShape, wholeNumber } from "./options.js";

/**
 * Options of TensorFlow's integer micro front end (micro_speech, microWakeWord). Lengths are in ms, edges in hertz. Noise reduction (0.025, 0.06,
 * 0.05), gain control (0.95, 80, 21 bits) and logarithm (6 bits) are as in both.
 */
export const microSchema = v.strictObject({
  kind: v.literal("micro"),
  /** Length of a frame, ms. */
  windowMs: positiveNumber(30),
  /** Hop between frames, ms: 20 in micro_speech, 10 in microWakeWord. */
  strideMs: positiveNumber(20),
  melBands: wholeNumber(1, 256, 40),
  lowerHertz: naturalNumber(125),
  upperHertz: positiveNumber(7500),
  /** What the whole numbers of the original are multiplied by. */
  scale: positiveNumber(1 / 25.6),
});

/** Options of `micro`, defaults filled in. */
export type MicroOptions = v.InferOutput<typeof microSchema>;

/**
 * TensorFlow's integer micro front end: its bits, times `scale`. The noise estimate begins with zero in every clip.
 * @returns graph "audio" [1, samples] -> "features" [1, frames, melBands]
 * @throws UsageError naming the option that does not fit the sound
 */
export function micro(options: MicroOptions, { samples, rate }: SoundShape): Graph {
  const { window: length, hop, points } = framingOf(options, samples, rate);
  if (points < 32 || points > 2048)
    throw new UsageError(
      `option windowMs: ${length} samples need a transform of ${points} points, and there are those of 32 to 2048; give for example 30 at 16 kHz`,
    );
  const { melBands: bands, lowerHertz: lower, upperHertz: upper, scale } = options;
  if (upper >= rate / 2)
    throw new UsageError(`option upperHertz: ${upper} Hz do not lie below half the rate of ${rate} Hz; give less`);
  const builder = new GraphBuilder("micro");
  const audio = builder.input("audio", tensor("f32", [1, samples]));
  const magnitudes = builder.op("micro_bands", [audio], { rate, length, hop, bands, lower, upper });
  const values = gained(builder, magnitudes, Math.log2(points) - 6);
  builder.output("features", scale === 1 ? values : builder.op("affine", [values], { scale, offset: 0 }));
  return builder.finish();
}

/** Noise reduction, gain and logarithm, frame after frame: [1, frames, bands]. */
function gained(builder: GraphBuilder, magnitudes: Value, correction: number): Value {
  const bands = magnitudes.type.shape[2] as number;
  const frame = new GraphBuilder("micro_gain");
  const [high, low, x] = ["high", "low", "magnitudes"].map((name) => frame.input(name, tensor("f32", [1, bands])));
  const [y, newHigh, newLow] = frame.apply("micro_gain", [x, high, low] as Value[], correction === 3 ? {} : { correction });
  frame.output("high", newHigh as Value);
  frame.output("low", newLow as Value);
  frame.output("features", y as Value);
  const nothing = builder.op("zeros", [magnitudes], { shape: [0, bands] });
  const frames = builder.op("transpose", [magnitudes], { permutation: [1, 0, 2] });
  const attributes = { states: 2, sequences: 1, reverse: false };
  const [, , values] = builder.apply("scan", [nothing, nothing, frames], attributes, frame.finish());
  return builder.op("transpose", [values as Value], { permutation: [1, 0, 2] });
}
