import * as v from "valibot";
import { UsageError } from "../base/errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor, type Value } from "../graph/types.js";
import { emphasisedFrames } from "./emphasis.js";
import { atLeast, binsUpTo, cosineTransform, powerSpectrum, tableNode } from "./features.js";
import {
  anyNumber,
  checkCoefficients,
  choice,
  type Framing,
  flag,
  framingOf,
  melEntries,
  mostBands,
  naturalNumber,
  positiveNumber,
  type SoundShape,
  wholeNumber,
} from "./options.js";

/**
 * Options of `logMel`, in the order in which they act. Lengths are in ms, edges in hertz.
 *
 *     audio divided by its largest sample (peak);  audio[n] - preEmphasis * audio[n - 1], the first sample as it is
 *     x = inputScale * audio;  frames;  window;  p = powerScale * |rfft(x, fftSize)|^2 (or its root)
 *     m = mel bands of p;  y = logScale * ln(max(m, logFloor) + logOffset);  rounded;  limited to clipLow..clipHigh
 *
 * and the stack on top, which an archive of features does not hold:
 *
 *     every frameStep-th frame;  scale * y + offset;  the first dctCoefficients of the DCT-II
 */
export const logMelSchema = v.strictObject({
  kind: v.literal("log_mel"),
  /** Divides a clip by its largest sample, as MLPerf Tiny does; silence stays silence. */
  peak: flag(false),
  /** Share of the sample before that is taken off each sample. */
  preEmphasis: anyNumber(0),
  /** 32768 gives the values of 16-bit samples. */
  inputScale: positiveNumber(1),
  ...melEntries,
  /** Points of the transform, a power of two; 0 is the first that holds the window. */
  fftSize: wholeNumber(0, 65536, 0),
  /** Periodic; hann_offset is taken half a sample later; hamming is symmetric. */
  window: choice(["hann", "hann_offset", "hamming", "rectangle"], "hann"),
  spectrum: choice(["power", "magnitude"], "power"),
  /** What the squared magnitude is multiplied by. */
  powerScale: positiveNumber(1),
  /** Where the triangles are linear: mel (TensorFlow) or hertz (librosa, torchaudio). */
  melSlope: choice(["mel", "hertz"], "mel"),
  logScale: anyNumber(1),
  logFloor: naturalNumber(1e-12),
  logOffset: naturalNumber(0),
  round: flag(false),
  /** null: no limit */
  clipLow: v.nullish(v.pipe(v.number(), v.finite()), null),
  clipHigh: v.nullish(v.pipe(v.number(), v.finite()), null),
  /** Every n-th frame is kept, from the first. */
  frameStep: wholeNumber(1, 65536, 1),
  scale: anyNumber(1),
  offset: anyNumber(0),
  /** 0: no DCT */
  dctCoefficients: wholeNumber(0, mostBands, 0),
});

/** Options of `logMel`, defaults filled in. */
export type LogMelOptions = v.InferOutput<typeof logMelSchema>;

function check(options: LogMelOptions, { samples, rate }: SoundShape): Framing {
  checkCoefficients("dctCoefficients", options.dctCoefficients, options.melBands);
  const { fftSize, logFloor, logOffset, clipLow, clipHigh } = options;
  if (fftSize !== 0 && !(fftSize >= 4 && Number.isInteger(Math.log2(fftSize))))
    throw new UsageError(
      `option fftSize: ${fftSize} is no power of two from 4; give one, or 0 for the first that holds the window`,
    );
  if (logFloor + logOffset <= 0)
    throw new UsageError("option logFloor: with logOffset 0 silence has no logarithm; give logFloor or logOffset above 0");
  if (clipLow != null && clipHigh != null && clipLow >= clipHigh)
    throw new UsageError(`option clipLow: ${clipLow} does not lie below clipHigh, ${clipHigh}; give less`);
  return framingOf(options, samples, rate, fftSize);
}

/** The logarithms as an archive holds them: frames [1, T, window] to [1, T, melBands]. */
function logarithms(builder: GraphBuilder, options: LogMelOptions, frames: Value, { points }: Framing, rate: number): Value {
  const { melBands, lowerHertz, upperHertz, clipLow, clipHigh } = options;
  const bins = binsUpTo(upperHertz, points, rate);
  let x = powerSpectrum(builder, frames, points, bins);
  const powerScale = options.inputScale * options.inputScale * options.powerScale;
  const isPower = options.spectrum === "power";
  if (!isPower) x = builder.op("sqrt", [x]);
  // The scales of input and power are part of the weights: one rounding, and no pass over the samples.
  const scale = isPower ? powerScale : Math.sqrt(powerScale);
  const bank = {
    kind: "mel_htk",
    bins,
    points,
    rate,
    lower: lowerHertz,
    upper: upperHertz,
    bands: melBands,
    slope: options.melSlope,
    scale,
  };
  x = builder.op("dense", [x, tableNode(builder, bank)]);
  if (options.logFloor > 0) x = atLeast(builder, x, options.logFloor);
  if (options.logOffset !== 0) x = builder.op("affine", [x], { scale: 1, offset: options.logOffset });
  x = builder.op("log", [x]);
  if (options.logScale !== 1) x = builder.op("affine", [x], { scale: options.logScale, offset: 0 });
  if (options.round) x = builder.op("round", [x]);
  if (clipLow == null && clipHigh == null) return x;
  const limit = 3.4028234663852886e38;
  return builder.op("clamp", [x], { low: clipLow ?? -limit, high: clipHigh ?? limit });
}

/** Least peak by which a clip is divided: one step of 16 bits. */
const leastPeak = 2 ** -15;

/** Frames of the samples, which are divided by the largest and emphasised. */
function framesOf(
  builder: GraphBuilder,
  { peak, preEmphasis: share }: LogMelOptions,
  audio: Value,
  length: number,
  hop: number,
): Value {
  let x = audio;
  if (peak) x = builder.op("div", [x, atLeast(builder, builder.op("max", [x], { axes: [1], keep: true }), leastPeak)]);
  if (share !== 0) return emphasisedFrames(builder, x, { length, hop, zeros: 0, share });
  return builder.op("frame", [x], { length, hop });
}

/** Scale, offset and DCT. */
function stack(builder: GraphBuilder, options: LogMelOptions, x: Value): Value {
  const { scale, offset, dctCoefficients } = options;
  const y = scale === 1 && offset === 0 ? x : builder.op("affine", [x], { scale, offset });
  return dctCoefficients > 0 ? cosineTransform(builder, y, dctCoefficients) : y;
}

/**
 * Logarithms of mel bands, and the stack on top of them.
 * @returns graph "audio" [1, samples] -> "features" [1, frames, dctCoefficients or melBands]
 * @throws UsageError naming the option that does not fit the sound
 */
export function logMel(options: LogMelOptions, sound: SoundShape): Graph {
  const framing = check(options, sound);
  const { window, hop } = framing;
  const builder = new GraphBuilder("log_mel");
  const audio = builder.input("audio", tensor("f32", [1, sound.samples]));
  // Every n-th frame is a longer hop: the others are never computed.
  let x = framesOf(builder, options, audio, window, hop * options.frameStep);
  if (options.window !== "rectangle") {
    const hann = { kind: "hann", length: window, offset: options.window === "hann_offset" ? 0.5 : 0 };
    const table = options.window === "hamming" ? { kind: "hamming", length: window } : hann;
    x = builder.op("mul", [x, tableNode(builder, table)]);
  }
  x = logarithms(builder, options, x, framing, sound.rate);
  builder.output("features", stack(builder, options, x));
  return builder.finish();
}

/**
 * The part of `logMel` behind an archive of its logarithms.
 * @returns graph "archived" [1, frames, melBands] (f32) -> "features"
 */
export function logMelStack(options: LogMelOptions, sound: SoundShape): Graph {
  const { frames } = check(options, sound);
  const builder = new GraphBuilder("log_mel_stack");
  let x = builder.input("archived", tensor("f32", [1, frames, options.melBands]));
  if (options.frameStep > 1)
    x = builder.op("slice", [x], { begin: [0, 0, 0], end: [0, 0, 0], strides: [1, options.frameStep, 1] });
  const features = stack(builder, options, x);
  builder.output("features", features);
  return builder.finish();
}
