import * as v from "valibot";
import { UsageError } from "../base/errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor, type Value } from "../graph/types.js";
import { atLeast, powerSpectrum, tableNode } from "./features.js";
import { choice, mostBands, naturalNumber, positiveNumber, type SoundShape, wholeNumber } from "./options.js";

/** Options of librosa's melspectrogram and power_to_db, under their names there; lengths are in samples, edges in hertz. */
export const librosaMelSchema = v.strictObject({
  kind: v.literal("librosa_mel"),
  /** Samples of a frame and points of the transform, a power of two. */
  nFft: wholeNumber(4, 65536, 2048),
  hopLength: wholeNumber(1, 65536, 512),
  nMels: wholeNumber(1, mostBands, 128),
  fMin: naturalNumber(0),
  /** Upper edge; 0: half the rate. */
  fMax: naturalNumber(0),
  /** What stands on either side of the clip: its samples mirrored (librosa before 0.10) or zeros. */
  padMode: choice(["reflect", "constant"], "reflect"),
  /** Least power before the logarithm. */
  amin: positiveNumber(1e-10),
  /** The decibels are relative to the clip's largest value (ref=np.max) or to 1. */
  reference: choice(["max", "one"], "max"),
  /** Decibels below the clip's largest value at which all is cut; 0: nothing is cut. */
  topDb: naturalNumber(80),
});

/** Options of `librosaMel`, defaults filled in. */
export type LibrosaMelOptions = v.InferOutput<typeof librosaMelSchema>;

function check({ nFft, hopLength, fMin, fMax, padMode }: LibrosaMelOptions, { samples, rate }: SoundShape): void {
  if (!Number.isInteger(Math.log2(nFft)))
    throw new UsageError(`option nFft: ${nFft} is no power of two; give one, for example 2048`);
  if (hopLength > nFft)
    throw new UsageError(`option hopLength: ${hopLength} samples are more than the ${nFft} of a frame; give less`);
  if (padMode === "reflect" && samples <= nFft / 2)
    throw new UsageError(`option nFft: a sound of ${samples} samples has no ${nFft / 2} to mirror; give less`);
  if (fMax > rate / 2)
    throw new UsageError(`option fMax: ${fMax} Hz lie above half the rate of ${rate} Hz; give at most ${rate / 2}`);
  if (fMin >= (fMax || rate / 2)) throw new UsageError(`option fMin: ${fMin} Hz do not lie below fMax; give less`);
}

/** The clip with half a frame on either side. */
function centred(builder: GraphBuilder, audio: Value, { nFft, padMode }: LibrosaMelOptions): Value {
  const half = nFft / 2;
  if (padMode === "constant") return builder.op("pad", [audio], { before: [0, half], after: [0, half] });
  return builder.op("mirror", [audio], { before: half, after: half });
}

/**
 * librosa's mel spectrogram in decibels: centred frames, periodic Hann window, power, Slaney's mel bands of equal area, power_to_db.
 * @returns graph "audio" [1, samples] -> "features" [1, frames, nMels]
 * @throws UsageError naming the option that does not fit the sound
 */
export function librosaMel(options: LibrosaMelOptions, sound: SoundShape): Graph {
  check(options, sound);
  const builder = new GraphBuilder("librosa_mel");
  const frames = windowed(builder, options, sound);
  const power = powerSpectrum(builder, frames, options.nFft, options.nFft / 2 + 1);
  builder.output("features", decibels(builder, power, options, sound));
  return builder.finish();
}

/**
 * The same in two halves, for what is done to spectrograms in between.
 * @returns graph "audio" [1, samples] -> "features" [1, frames, 2, bins], real and imaginary parts, and graph "spectrum" of that shape ->
 *   "features" [1, frames, nMels]
 * @throws UsageError naming the option that does not fit the sound
 */
export function librosaMelHalves(options: LibrosaMelOptions, sound: SoundShape): { toSpectrum: Graph; fromSpectrum: Graph } {
  check(options, sound);
  const first = new GraphBuilder("librosa_spectrum");
  const spectrum = first.op("rfft", [windowed(first, options, sound)], { length: options.nFft });
  first.output("features", spectrum);
  const second = new GraphBuilder("librosa_mel_of_spectrum");
  const given = second.input("spectrum", tensor("f32", spectrum.type.shape));
  const power = second.op("sum", [second.op("square", [given])], { axes: [2], keep: false });
  second.output("features", decibels(second, power, options, sound));
  return { toSpectrum: first.finish(), fromSpectrum: second.finish() };
}

/** Frames of the centred clip under the window: [1, frames, nFft]. */
function windowed(builder: GraphBuilder, options: LibrosaMelOptions, sound: SoundShape): Value {
  const { nFft, hopLength } = options;
  const audio = builder.input("audio", tensor("f32", [1, sound.samples]));
  const frames = builder.op("frame", [centred(builder, audio, options)], { length: nFft, hop: hopLength });
  return builder.op("mul", [frames, tableNode(builder, { kind: "hann", length: nFft, offset: 0 })]);
}

/** Mel bands of a power spectrum in decibels: [1, frames, bins] to [1, frames, nMels]. */
function decibels(builder: GraphBuilder, power: Value, options: LibrosaMelOptions, sound: SoundShape): Value {
  const { nFft, nMels, fMin, fMax, amin, reference, topDb } = options;
  const bins = nFft / 2 + 1;
  const bank = { bins, points: nFft, rate: sound.rate, lower: fMin, upper: fMax || sound.rate / 2, bands: nMels };
  let x = builder.op("dense", [power, tableNode(builder, { kind: "mel_slaney", ...bank })]);
  x = builder.op("affine", [builder.op("log", [atLeast(builder, x, amin)])], { scale: 10 / Math.LN10, offset: 0 });
  const largest = builder.op("max", [x], { axes: [1, 2], keep: true });
  if (reference === "max") {
    x = builder.op("sub", [x, largest]);
    if (topDb > 0) x = atLeast(builder, x, -topDb);
  } else if (topDb > 0) x = builder.op("maximum", [x, builder.op("affine", [largest], { scale: 1, offset: -topDb })]);
  return x;
}
