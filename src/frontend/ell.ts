import * as v from "valibot";
import { UsageError } from "../base/errors.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor, type Value } from "../graph/types.js";
import { emphasisedFrames } from "./emphasis.js";
import { cosineTransform, powerSpectrum, tableNode } from "./features.js";
import { anyNumber, checkCoefficients, choice, flag, mostBands, type SoundShape, wholeNumber } from "./options.js";

/**
 * Options of ELL's make_featurizer, its flag in brackets. Lengths are in samples.
 *
 *     y[t] = x[t] - preEmphasis * x[t - 1];  frames;  window;  |rfft(y, nfft)|, squared and divided by nfft where powerSpec;
 *     bands;  ln(value + logDelta);  DCT-II without a factor
 */
export const ellSchema = v.strictObject({
  kind: v.literal("ell"),
  /** Samples in [-1, 1) instead of the values of 16 bits. [auto_scale] */
  autoScale: flag(false),
  /** Samples of a frame. [window_size] */
  windowSize: wholeNumber(1, 65536, 512),
  /** Samples from one frame to the next. [input_buffer_size] */
  inputBufferSize: wholeNumber(1, 65536, 160),
  /** [filterbank_type] */
  filterbankType: choice(["mel", "linear", "none"], "mel"),
  /** Number of bands. [filterbank_size] */
  filterbankSize: wholeNumber(1, mostBands, 40),
  /** Points of the transform, a power of two; 0 is the first that holds the window. [nfft] */
  nfft: wholeNumber(0, 65536, 0),
  /** Points that the bands are laid out for; 0 is nfft. [filterbank_nfft] */
  filterbankNfft: wholeNumber(0, 65536, 0),
  /** Pre-emphasis. [iir] */
  iir: flag(false),
  /** [pre_emphasis] */
  preEmphasis: anyNumber(0.97),
  /** [hamming_window] */
  hammingWindow: flag(false),
  /** [power_spec] */
  powerSpec: flag(false),
  /** Natural logarithm. [log] */
  log: flag(false),
  /** [log_delta] */
  logDelta: anyNumber(1),
  /** [dct] */
  dct: flag(false),
  /** Hops that ELL's readers of sound files throw away before the first frame; -1 is what they do, floor(windowSize / inputBufferSize). */
  skippedHops: wholeNumber(-1, 1000, -1),
});

/** Options of `ell`, defaults filled in. */
export type EllOptions = v.InferOutput<typeof ellSchema>;

interface Layout {
  readonly points: number;
  /** Samples left out. */
  readonly skipped: number;
}

function check(options: EllOptions, { samples }: SoundShape): Layout {
  const { windowSize, inputBufferSize, nfft, filterbankType, filterbankSize, dct, skippedHops } = options;
  const points = nfft === 0 ? 2 ** Math.max(2, Math.ceil(Math.log2(windowSize))) : nfft;
  if (!Number.isInteger(Math.log2(points)) || points < Math.max(4, windowSize))
    throw new UsageError(`option nfft: ${nfft} is no power of two from ${windowSize}, the samples of a frame; give one, or 0`);
  if (dct && filterbankType !== "none") checkCoefficients("filterbankSize", filterbankSize, filterbankSize);
  if (options.log && options.logDelta <= 0)
    throw new UsageError("option logDelta: silence has no logarithm; give more than 0, for example 2.220446049250313e-16");
  if (inputBufferSize > windowSize)
    throw new UsageError(
      `option inputBufferSize: ${inputBufferSize} samples are more than the ${windowSize} of a frame; give less`,
    );
  const skipped = inputBufferSize * (skippedHops < 0 ? Math.floor(windowSize / inputBufferSize) : skippedHops);
  if (samples < skipped + inputBufferSize)
    throw new UsageError(`option windowSize: a sound of ${samples} samples has no frame behind the first ${skipped}; give less`);
  return { points, skipped };
}

/** Frames [1, T, windowSize], emphasised: a frame ends with every hop, and before the first sample there are zeros. */
function framesOf(builder: GraphBuilder, options: EllOptions, audio: Value, skipped: number): Value {
  const { windowSize: length, inputBufferSize: hop, iir, preEmphasis: share } = options;
  const heard = skipped === 0 ? audio : builder.op("slice", [audio], { begin: [0, skipped], end: [0, 0], strides: [1, 1] });
  const zeros = length - hop;
  if (iir) return emphasisedFrames(builder, heard, { length, hop, zeros, share });
  const padded = zeros === 0 ? heard : builder.op("pad", [heard], { before: [0, zeros], after: [0, 0] });
  return builder.op("frame", [padded], { length, hop });
}

/**
 * ELL's featurizer as make_dataset runs it over a clip, its state zero at the clip's beginning (in ELL the state goes on from the file before).
 * @returns graph "audio" [1, samples] -> "features" [1, frames, bands]
 * @throws UsageError naming the option that does not fit the sound
 */
export function ell(options: EllOptions, sound: SoundShape): Graph {
  const { points, skipped } = check(options, sound);
  const builder = new GraphBuilder("ell");
  const audio = builder.input("audio", tensor("f32", [1, sound.samples]));
  let x = framesOf(builder, options, audio, skipped);
  if (options.hammingWindow) x = builder.op("mul", [x, tableNode(builder, { kind: "hamming", length: options.windowSize })]);
  const bins = points / 2 + 1;
  x = powerSpectrum(builder, x, points, bins);
  if (!options.powerSpec) x = builder.op("sqrt", [x]);
  const magnitude = options.autoScale ? 1 : 32768;
  const scale = options.powerSpec ? magnitude ** 2 / points : magnitude;
  if (options.filterbankType === "none") x = builder.op("affine", [x], { scale, offset: 0 });
  else {
    const shape = { bins, points: options.filterbankNfft || points, bands: options.filterbankSize, rate: sound.rate };
    const bank = { kind: "mel_bins", ...shape, spacing: options.filterbankType, scale };
    x = builder.op("dense", [x, tableNode(builder, bank)]);
  }
  if (options.log) x = builder.op("log", [builder.op("affine", [x], { scale: 1, offset: options.logDelta })]);
  if (options.dct) {
    const count = x.type.shape[2] as number;
    x = builder.op("affine", [cosineTransform(builder, x, count)], { scale: Math.sqrt(count / 2), offset: 0 });
  }
  builder.output("features", x);
  return builder.finish();
}
