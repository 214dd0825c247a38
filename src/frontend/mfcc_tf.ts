import * as v from "valibot";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor, type Value } from "../graph/types.js";
import { atLeast, binsUpTo, cosineTransform, powerSpectrum, tableNode } from "./features.js";
import {
  anyNumber,
  checkCoefficients,
  choice,
  flag,
  framingOf,
  melEntries,
  mostBands,
  positiveNumber,
  type SoundShape,
  wholeNumber,
} from "./options.js";

/**
 * Options of kws_streaming's feature_type mfcc_tf (kws_streaming/layers/speech_features.py), its flag in brackets.
 * Lengths are in ms, edges in hertz.
 */
export const mfccTfSchema = v.strictObject({
  kind: v.literal("mfcc_tf"),
  /** window_size_ms, window_stride_ms, mel_num_bins, mel_lower_edge_hertz, mel_upper_edge_hertz */
  ...melEntries,
  /** Coefficients kept; 0 gives the logarithms of the bands. [dct_num_features] */
  dctCoefficients: wholeNumber(0, mostBands, 20),
  /** Mel bands of the power instead of the magnitude. [fft_magnitude_squared] */
  magnitudeSquared: flag(false),
  /** Pre-emphasis inside each frame; 0 is none. [preemph] */
  preemphasis: anyNumber(0),
  /** hann_offset is taken half a sample later; hann_offest is how the original spells it; hann_tf has the values of hann. [window_type] */
  window: choice(["hann", "hann_offset", "hann_offest", "hann_tf"], "hann"),
  /** Least value before the logarithm. [log_epsilon] */
  logFloor: positiveNumber(1e-12),
  /** Computed with an FFT in the original: only with window hann_tf, and without an effect on the values here. [use_tf_fft] */
  useTfFft: flag(false),
  /** Leave out bins above the last band; no effect on the values. [mel_non_zero_only] */
  melNonZeroOnly: flag(true),
  /** Zeros before the clip: a window of them, one less where dataStride is above 1. [causal_data_frame_padding] */
  causalFramePadding: flag(false),
  /** Product of the time strides of the model. [data_stride] */
  dataStride: wholeNumber(1, 65536, 1),
});

/** Options of `mfccTf`, defaults filled in. */
export type MfccTfOptions = v.InferOutput<typeof mfccTfSchema>;

/** y[0] = (1 - p) x[0], y[i] = x[i] - p x[i - 1] in each frame. */
function emphasize(builder: GraphBuilder, frames: Value, p: number): Value {
  const first = builder.op("slice", [frames], { begin: [0, 0, 0], end: [0, 0, 1], strides: [1, 1, 1] });
  const rest = builder.op("slice", [frames], { begin: [0, 0, 0], end: [0, 0, -1], strides: [1, 1, 1] });
  const before = builder.op("concat", [first, rest], { axis: 2 });
  return builder.op("sub", [frames, builder.op("affine", [before], { scale: p, offset: 0 })]);
}

/** Zeros in front of the clip, in samples. */
function paddingOf(options: MfccTfOptions, rate: number): number {
  if (!options.causalFramePadding) return 0;
  return Math.trunc((rate * options.windowMs) / 1000) - (options.dataStride > 1 ? 1 : 0);
}

/**
 * kws_streaming's mfcc_tf: frames, pre-emphasis, window, magnitude, mel bands linear in mel, logarithm, DCT-II.
 * @returns graph "audio" [1, samples] -> "features" [1, frames, dctCoefficients or melBands]
 * @throws UsageError naming the option that does not fit the sound
 */
export function mfccTf(options: MfccTfOptions, { samples, rate }: SoundShape): Graph {
  checkCoefficients("dctCoefficients", options.dctCoefficients, options.melBands);
  const padding = paddingOf(options, rate);
  const { window, hop, points } = framingOf(options, samples + padding, rate);
  const builder = new GraphBuilder("mfcc_tf");
  let x = builder.input("audio", tensor("f32", [1, samples]));
  if (padding > 0) x = builder.op("pad", [x], { before: [0, padding], after: [0, 0] });
  x = builder.op("frame", [x], { length: window, hop });
  if (options.preemphasis !== 0 && window > 1) x = emphasize(builder, x, options.preemphasis);
  const offset = options.window === "hann_offset" || options.window === "hann_offest" ? 0.5 : 0;
  x = builder.op("mul", [x, tableNode(builder, { kind: "hann", length: window, offset })]);
  const bins = options.melNonZeroOnly ? binsUpTo(options.upperHertz, points, rate) : points / 2 + 1;
  x = powerSpectrum(builder, x, points, bins);
  if (!options.magnitudeSquared) x = builder.op("sqrt", [x]);
  const bank = {
    kind: "mel_htk",
    bins,
    points,
    rate,
    lower: options.lowerHertz,
    upper: options.upperHertz,
    bands: options.melBands,
  };
  x = builder.op("dense", [x, tableNode(builder, bank)]);
  x = builder.op("log", [atLeast(builder, x, options.logFloor)]);
  if (options.dctCoefficients > 0) x = cosineTransform(builder, x, options.dctCoefficients);
  builder.output("features", x);
  return builder.finish();
}
