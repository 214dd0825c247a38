import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import type { Attributes } from "../types.js";
import { countOf, matrix, numberOr, type Table } from "./table.js";

/** HTK's mel scale (Young et al., The HTK Book). */
export function hertzToMel(hertz: number): number {
  return 1127 * Math.log1p(hertz / 700);
}

/** The inverse of `hertzToMel`. */
export function melToHertz(mel: number): number {
  return 700 * Math.expm1(mel / 1127);
}

interface Bank {
  /** Bins of the matrix, from bin 0. */
  readonly bins: number;
  /** Hertz between bins. */
  readonly spacing: number;
  readonly lower: number;
  readonly upper: number;
  readonly bands: number;
}

function bankOf(attributes: Attributes): Bank {
  const points = countOf(attributes, "points");
  const bins = countOf(attributes, "bins");
  if (bins > points / 2 + 1) throw new UserError(`${points} points have ${points / 2 + 1} bins, found ${bins}`);
  const lower = numberOf(attributes, "lower");
  const upper = numberOf(attributes, "upper");
  if (!(lower >= 0 && lower < upper)) throw new UserError(`the lower edge ${lower} Hz must lie below the upper edge ${upper} Hz`);
  return { bins, spacing: countOf(attributes, "rate") / points, lower, upper, bands: countOf(attributes, "bands") };
}

/**
 * Triangles of height 1, evenly spaced in mel, of {bins, points, rate, lower, upper, bands, slope = "mel", scale = 1}: [bins, bands].
 * Weights are linear in mel (tf.signal.linear_to_mel_weight_matrix, whose formula this is) or, with slope "hertz", in hertz
 * (librosa, torchaudio). Bin 0 counts nothing. All weights are multiplied by `scale`.
 */
export function melHtk(attributes: Attributes): Table {
  const { bins, spacing, lower, upper, bands } = bankOf(attributes);
  const slope = attributes.slope ?? "mel";
  if (slope !== "mel" && slope !== "hertz")
    throw new UserError(`attribute slope must be "mel" or "hertz", found ${JSON.stringify(slope)}`);
  const scale = numberOr(attributes, "scale", 1);
  const from = hertzToMel(lower);
  const step = (hertzToMel(upper) - from) / (bands + 1);
  const edge = (i: number): number => (slope === "mel" ? from + i * step : melToHertz(from + i * step));
  return matrix(bins, bands, (bin, band) => {
    if (bin === 0) return 0;
    const at = slope === "mel" ? hertzToMel(bin * spacing) : bin * spacing;
    const [left, centre, right] = [edge(band), edge(band + 1), edge(band + 2)];
    return scale * Math.max(0, Math.min((at - left) / (centre - left), (right - at) / (right - centre)));
  });
}

/**
 * The filter bank of TensorFlow's Mfcc op (mfcc_mel_filterbank.cc), of {bins, points, rate, lower, upper, bands}: [bins, bands].
 * Each bin inside the range gives its weight to the band below it and the rest to the band above.
 */
export function melOp(attributes: Attributes): Table {
  const { bins, spacing, lower, upper, bands } = bankOf(attributes);
  const low = hertzToMel(lower);
  const step = (hertzToMel(upper) - low) / (bands + 1);
  const centre = (band: number): number => low + step * (band + 1);
  const first = Math.trunc(1.5 + lower / spacing);
  const last = Math.trunc(upper / spacing);
  const values = (): Float64Array => {
    const out = new Float64Array(bins * bands);
    let above = 0;
    for (let bin = first; bin <= Math.min(last, bins - 1); bin++) {
      const mel = hertzToMel(bin * spacing);
      while (above < bands && centre(above) < mel) above++;
      const weight = (centre(above) - mel) / (centre(above) - (above > 0 ? centre(above - 1) : low));
      if (above > 0) out[bin * bands + above - 1] = weight;
      if (above < bands) out[bin * bands + above] = 1 - weight;
    }
    return out;
  };
  return { shape: [bins, bands], values };
}
