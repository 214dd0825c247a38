import { UsageError } from "../../base/errors.js";
import { nearest } from "../../base/nearest.js";
import { describeFrontend, type FrontendDescription } from "../../frontend/frontend.js";
import { architectures, defaultOptions } from "../../zoo/index.js";
import type { ModelOptions } from "../../zoo/model.js";
import { type DataFlags, type NetworkFlags, numbersOf } from "./flags.js";

const prefix = "hello_edge/";

/** Networks that `--model_architecture` takes. */
export const networkNames: readonly string[] = architectures
  .filter(({ name }) => name.startsWith(prefix))
  .map(({ name }) => name.slice(prefix.length));

/**
 * The network that the flags name. Sizes are left aside where a network has none, as in the originals.
 * @throws UsageError for an unknown network, or sizes that are no whole numbers
 */
export function networkOf({ values }: NetworkFlags): { name: string; options: ModelOptions } {
  const { model_architecture: wanted, model_size_info: sizes } = values;
  if (!networkNames.includes(wanted)) {
    const close = nearest(wanted, networkNames);
    const guess = close === undefined ? "" : `; did you mean ${close}?`;
    throw new UsageError(
      `--model_architecture '${wanted}': there is no such network${guess}; known are ${networkNames.join(", ")}`,
    );
  }
  const name = `${prefix}${wanted}`;
  if (!Object.hasOwn(defaultOptions(name), "modelSizeInfo")) return { name, options: {} };
  const modelSizeInfo = numbersOf("model_size_info", sizes);
  // Of the generations of the system, the one whose trainings were published: that of 2017.
  return { name, options: { modelSizeInfo, ...(wanted === "ds_cnn" ? { momentum: 0.96 } : {}) } };
}

/** TensorFlow's AudioSpectrogram and Mfcc ops with 40 bands to 4 kHz, as all generations of the system have them. */
export function frontendOf({ values }: DataFlags): FrontendDescription {
  return describeFrontend({
    kind: "mfcc_op",
    windowMs: values.window_size_ms,
    strideMs: values.window_stride_ms,
    melBands: 40,
    lowerHertz: 20,
    upperHertz: 4000,
    dctCoefficients: values.dct_coefficient_count,
  });
}

/** Flags that say what is heard of a clip. */
const frontendFlags = ["sample_rate", "clip_duration_ms", "window_size_ms", "window_stride_ms", "dct_coefficient_count"] as const;

/** Which of the flags about the front end were given. */
export function givenFrontendFlags({ given }: DataFlags): string[] {
  return frontendFlags.filter((name) => given.has(name));
}

/** Rate in Hz and samples of a clip. */
export function soundOf({ values }: DataFlags): { rate: number; samples: number } {
  return { rate: values.sample_rate, samples: Math.trunc((values.sample_rate * values.clip_duration_ms) / 1000) };
}
