import * as v from "valibot";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor } from "../graph/types.js";
import { atLeast, binsUpTo, cosineTransform, powerSpectrum, tableNode } from "./features.js";
import { checkCoefficients, flag, framingOf, melEntries, mostBands, type SoundShape, wholeNumber } from "./options.js";

/** Options of TensorFlow's AudioSpectrogram and Mfcc ops with kws_streaming's defaults. Lengths are in ms, edges in hertz. */
export const mfccOpSchema = v.strictObject({
  kind: v.literal("mfcc_op"),
  /** window_size, stride, filterbank_channel_count, lower_frequency_limit, upper_frequency_limit */
  ...melEntries,
  /** dct_coefficient_count */
  dctCoefficients: wholeNumber(1, mostBands, 20),
  /**
   * magnitude_squared of AudioSpectrogram. Mfcc takes the root of what it is given, so true (what it expects) makes mel
   * bands of the magnitude and false of the root of the magnitude.
   */
  magnitudeSquared: flag(true),
});

/** Options of `mfccOp`, defaults filled in. */
export type MfccOpOptions = v.InferOutput<typeof mfccOpSchema>;

/** Least value before the logarithm: kFilterbankFloor of mfcc.cc. */
const logFloor = 1e-12;

/**
 * TensorFlow's AudioSpectrogram and Mfcc: periodic Hann window, magnitude, the op's own filter bank, logarithm, DCT-II.
 * @returns graph "audio" [1, samples] -> "features" [1, frames, dctCoefficients]
 * @throws UsageError naming the option that does not fit the sound
 */
export function mfccOp(options: MfccOpOptions, { samples, rate }: SoundShape): Graph {
  checkCoefficients("dctCoefficients", options.dctCoefficients, options.melBands);
  const { window, hop, points } = framingOf(options, samples, rate);
  const builder = new GraphBuilder("mfcc_op");
  let x = builder.input("audio", tensor("f32", [1, samples]));
  x = builder.op("frame", [x], { length: window, hop });
  x = builder.op("mul", [x, tableNode(builder, { kind: "hann", length: window, offset: 0 })]);
  const bins = binsUpTo(options.upperHertz, points, rate);
  x = builder.op("sqrt", [powerSpectrum(builder, x, points, bins)]);
  if (!options.magnitudeSquared) x = builder.op("sqrt", [x]);
  const bank = {
    kind: "mel_op",
    bins,
    points,
    rate,
    lower: options.lowerHertz,
    upper: options.upperHertz,
    bands: options.melBands,
  };
  x = builder.op("dense", [x, tableNode(builder, bank)]);
  x = builder.op("log", [atLeast(builder, x, logFloor)]);
  builder.output("features", cosineTransform(builder, x, options.dctCoefficients));
  return builder.finish();
}
