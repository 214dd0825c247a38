/** How a clip is stretched and moved; the controls of the op `resample_linear`. */
export interface Stretch {
  /** Samples before it are zeros. */
  readonly start: number;
  /** Samples from it on are zeros. */
  readonly end: number;
  /** Output sample i lies at (i + offset) * scale of the input. */
  readonly offset: number;
  /** Input samples for an output sample, f32. */
  readonly scale: number;
}

/**
 * The controls with which `resample_linear` stretches a clip to int(samples * factor) samples, crops or zero-pads it around its
 * centre (kws_streaming's resample, with TensorFlow's bilinear image resize), and then delays it.
 * @param samples of the clip
 * @param outputs samples of the result; mostly as many
 * @param factor above 0; above 1 is slower and lower
 * @param shift samples of delay; negative: the clip is advanced
 */
export function planStretch(samples: number, outputs: number, factor: number, shift = 0): Stretch {
  const length = Math.trunc(Math.fround(samples * Math.fround(factor)));
  if (length <= 0) return { start: 0, end: 0, offset: 0, scale: 1 };
  const difference = outputs - length;
  // resize_with_crop_or_pad: floor division on both sides.
  const crop = Math.max(0, Math.floor(-difference / 2));
  const pad = Math.max(0, Math.floor(difference / 2));
  const count = Math.min(length, outputs);
  const inside = (i: number): number => Math.max(0, Math.min(outputs, i));
  // What the shift moves out of the clip before it is cropped is lost: the sound was cropped first.
  const start = inside(pad + shift);
  return {
    start,
    end: Math.max(start, inside(pad + count + shift)),
    offset: crop - pad - shift,
    scale: Math.fround(samples / length),
  };
}
