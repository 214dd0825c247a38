import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import type { Attributes } from "../types.js";
import { hertzToMel, melToHertz } from "./mel.js";
import { countOf, matrix, numberOr, type Table } from "./table.js";

/**
 * Triangles of height 1 between whole bins, of {bins, points, rate, bands, scale = 1, spacing = "mel"}: [bins, bands]. Corners are evenly
 * spaced from 0 to half the rate, in mel or in hertz, and cut to the bin below, floor(f (points + 1) / rate): python_speech_features and ELL.
 */
export function melBins(attributes: Attributes): Table {
  const bins = countOf(attributes, "bins");
  const points = countOf(attributes, "points");
  const bands = countOf(attributes, "bands");
  const rate = numberOf(attributes, "rate");
  const spacing = attributes.spacing ?? "mel";
  if (spacing !== "mel" && spacing !== "linear")
    throw new UserError(`attribute spacing must be "mel" or "linear", found ${JSON.stringify(spacing)}`);
  const scale = numberOr(attributes, "scale", 1);
  const corner = (i: number): number => {
    const share = i / (bands + 1);
    const hertz = spacing === "mel" ? melToHertz(share * hertzToMel(rate / 2)) : (share * rate) / 2;
    return Math.floor((hertz * (points + 1)) / rate);
  };
  return matrix(bins, bands, (bin, band) => {
    const [left, centre, right] = [corner(band), corner(band + 1), corner(band + 2)];
    if (left <= bin && bin < centre) return (scale * (bin - left)) / (centre - left);
    if (centre <= bin && bin < right) return (scale * (right - bin)) / (right - centre);
    return 0;
  });
}
