import { UsageError } from "../../base/errors.js";
import { describeFrontend, type FrontendDescription } from "../../frontend/frontend.js";
import type { CommandLine } from "./command_line.js";

const program = "kws-streaming";

/** The front end that the flags describe: inside the original's model with preprocess raw, in its reader otherwise. */
export function frontendOf({ base, model }: Pick<CommandLine, "base" | "model">): FrontendDescription {
  const framing = { windowMs: base.window_size_ms, strideMs: base.window_stride_ms };
  const bands = { melBands: base.mel_num_bins, lowerHertz: base.mel_lower_edge_hertz, upperHertz: base.mel_upper_edge_hertz };
  const magnitudeSquared = bit("fft_magnitude_squared", base.fft_magnitude_squared);
  const coefficients = { dctCoefficients: base.dct_num_features, magnitudeSquared };
  const causal = bit("causal_data_frame_padding", base.causal_data_frame_padding);
  const isTf = base.preprocess === "raw" && model !== "dnn_raw" && base.feature_type === "mfcc_tf";
  if (causal && !isTf)
    throw new UsageError(`${program}: --causal_data_frame_padding 1 is for --preprocess raw --feature_type mfcc_tf`);
  if (base.preprocess === "micro") return micro(base, framing, bands);
  if (base.preprocess === "mfcc") return describeFrontend({ kind: "mfcc_op", ...framing, ...bands, ...coefficients });
  if (base.preprocess !== "raw")
    throw new UsageError(`${program}: --preprocess '${base.preprocess}': it must be raw, mfcc or micro`);
  if (model === "dnn_raw") return describeFrontend({ kind: "frames", ...framing });
  if (base.feature_type === "mfcc_op") {
    if (base.data_stride !== 1) throw new UsageError(`${program}: --feature_type mfcc_op takes no --data_stride but 1`);
    return describeFrontend({ kind: "mfcc_op", ...framing, ...bands, ...coefficients });
  }
  if (base.feature_type !== "mfcc_tf")
    throw new UsageError(`${program}: --feature_type '${base.feature_type}': it must be mfcc_tf or mfcc_op`);
  const useTfFft = bit("use_tf_fft", base.use_tf_fft);
  return describeFrontend({
    kind: "mfcc_tf",
    ...framing,
    ...bands,
    ...coefficients,
    preemphasis: base.preemph,
    window: useTfFft ? "hann_tf" : windowOf(base.window_type),
    logFloor: base.log_epsilon,
    useTfFft,
    melNonZeroOnly: bit("mel_non_zero_only", base.mel_non_zero_only) && !useTfFft,
    causalFramePadding: causal,
    dataStride: base.data_stride,
  });
}

function windowOf(name: string): "hann" | "hann_offest" | "hann_tf" {
  if (name === "hann" || name === "hann_offest" || name === "hann_tf") return name;
  throw new UsageError(`${program}: --window_type '${name}': it must be hann, hann_offest or hann_tf`);
}

function micro(
  base: CommandLine["base"],
  framing: { windowMs: number; strideMs: number },
  bands: { melBands: number; lowerHertz: number; upperHertz: number },
): FrontendDescription {
  if (!base.micro_enable_pcan)
    throw new UsageError(
      `${program}: --micro_enable_pcan false is not offered: the micro front end here has its gain control on`,
    );
  if (base.micro_min_signal_remaining !== 0.05)
    throw new UsageError(
      `${program}: --micro_min_signal_remaining ${base.micro_min_signal_remaining} is not offered: it is 0.05 here`,
    );
  return describeFrontend({ kind: "micro", ...framing, ...bands, scale: base.micro_features_scale / base.micro_out_scale });
}

/** A flag of 0 and 1. */
export function bit(name: string, value: number): boolean {
  if (value === 0 || value === 1) return value === 1;
  throw new UsageError(`${program}: --${name} ${value}: it must be 0 or 1`);
}
