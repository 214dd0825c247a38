import type { RandomStream } from "../../base/random.js";

/** Where output sample i lies in the input: at i * scale ("legacy", TensorFlow 1), or at (i + 0.5) * scale - 0.5. */
export type Coordinates = "legacy" | "half-pixel";

/**
 * Stretches a clip to int(length * factor) samples by linear interpolation, then crops or zero-pads it around its centre: what
 * kws_streaming does with TensorFlow's bilinear image resize, in the same single precision.
 * @param samples shape [n]
 * @param factor above 0; above 1 is slower and lower
 * @param out shape [m], another array; mostly m = n
 */
export function resampleLinear(
  samples: Float32Array,
  factor: number,
  out: Float32Array,
  coordinates: Coordinates = "legacy",
): void {
  const length = Math.trunc(Math.fround(samples.length * Math.fround(factor)));
  const difference = out.length - length;
  // resize_with_crop_or_pad: floor division on both sides.
  const crop = Math.max(0, Math.floor(-difference / 2));
  const pad = Math.max(0, Math.floor(difference / 2));
  const count = Math.min(length, out.length);
  out.fill(0, 0, pad);
  out.fill(0, pad + Math.max(0, count));
  if (count <= 0) return;
  const scale = Math.fround(samples.length / length);
  if (coordinates === "legacy") interpolateLegacy(samples, scale, crop, out.subarray(pad, pad + count));
  else interpolateHalfPixel(samples, scale, crop, out.subarray(pad, pad + count));
}

/** kws_streaming's `resample` (legacy) and `sp_resample` (half-pixel): a factor uniform in 1 +- range. */
export function resampleRandomly(
  samples: Float32Array,
  range: number,
  random: RandomStream,
  out: Float32Array,
  coordinates: Coordinates = "legacy",
): number {
  const factor = random.between(1 - range, 1 + range);
  resampleLinear(samples, factor, out, coordinates);
  return factor;
}

function interpolateLegacy(samples: Float32Array, scale: number, first: number, out: Float32Array): void {
  const last = samples.length - 1;
  // Up to here the right neighbour is inside without asking.
  const safe = Math.max(0, Math.min(out.length, Math.floor((last - 1) / scale) - first));
  for (let i = 0; i < safe; i++) {
    const position = Math.fround((first + i) * scale);
    const lower = position | 0;
    const left = samples[lower];
    out[i] = left + Math.fround(Math.fround(samples[lower + 1] - left) * Math.fround(position - lower));
  }
  for (let i = safe; i < out.length; i++) {
    const position = Math.fround((first + i) * scale);
    const lower = Math.min(position | 0, last);
    const left = samples[lower];
    const right = samples[Math.min(lower + 1, last)];
    out[i] = left + Math.fround(Math.fround(right - left) * Math.fround(position - lower));
  }
}

function interpolateHalfPixel(samples: Float32Array, scale: number, first: number, out: Float32Array): void {
  const last = samples.length - 1;
  for (let i = 0; i < out.length; i++) {
    const position = Math.fround(Math.fround((first + i + 0.5) * scale) - 0.5);
    const floor = Math.floor(position);
    const left = samples[Math.min(Math.max(floor, 0), last)];
    const right = samples[Math.max(0, Math.min(Math.ceil(position), last))];
    out[i] = left + Math.fround(Math.fround(right - left) * Math.fround(position - floor));
  }
}
