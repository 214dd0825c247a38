import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import type { Attributes } from "../types.js";
import { countOf, matrix, type Table } from "./table.js";

/** Slaney's mel scale (Auditory Toolbox, 1998): linear below 1000 Hz, logarithmic above. */
function hertzToMel(hertz: number): number {
  return hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4);
}

function melToHertz(mel: number): number {
  return mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp((Math.log(6.4) * (mel - 15)) / 27);
}

/**
 * librosa's filter bank, of {bins, points, rate, lower, upper, bands}: [bins, bands]. Triangles are evenly spaced on Slaney's mel scale,
 * linear in hertz, and have an area of 1 each.
 */
export function melSlaney(attributes: Attributes): Table {
  const bins = countOf(attributes, "bins");
  const bands = countOf(attributes, "bands");
  const spacing = countOf(attributes, "rate") / countOf(attributes, "points");
  const [lower, upper] = [numberOf(attributes, "lower"), numberOf(attributes, "upper")];
  if (!(lower >= 0 && lower < upper)) throw new UserError(`the lower edge ${lower} Hz must lie below the upper edge ${upper} Hz`);
  const from = hertzToMel(lower);
  const step = (hertzToMel(upper) - from) / (bands + 1);
  const corner = (i: number): number => melToHertz(from + i * step);
  return matrix(bins, bands, (bin, band) => {
    const [left, centre, right] = [corner(band), corner(band + 1), corner(band + 2)];
    const at = bin * spacing;
    const height = Math.max(0, Math.min((at - left) / (centre - left), (right - at) / (right - centre)));
    return (2 * height) / (right - left);
  });
}
