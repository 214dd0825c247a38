import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";
import { lowerRfft, rfftMultiplyAccumulates, transformLength } from "./rfft.js";
import { rowTime } from "../time.js";

/** Squared magnitude of the Fourier transform of real rows; see passes/fuse_power_spectrum.ts. */
export const powerSpectrum: OpDefinition = {
  name: "power_spectrum",
  documentation:
    "Squared magnitude of bins 0 to `bins` - 1 of rfft(x[..., n], `length`): [..., bins]. Made from rfft, square, sum and slice before lowering.",
  time: rowTime,
  infer: ([x], attributes) => {
    const bins = numberOf(attributes, "bins");
    const most = transformLength(x!, attributes) / 2 + 1;
    if (!(Number.isInteger(bins) && bins >= 1 && bins <= most))
      throw new UserError(`bins must be from 1 to ${most}, found ${bins}`);
    return [tensor(x!.dtype, [...x!.shape.slice(0, -1), bins])];
  },
  lower: (context) => lowerRfft(context, numberOf(context.attributes, "bins"), "power"),
  multiplyAccumulates: (inputs, _, attributes) => rfftMultiplyAccumulates(inputs, attributes),
};
