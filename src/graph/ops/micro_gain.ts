import { UserError } from "../../base/errors.js";
import { microGainKernel } from "../../kernels/micro_gain.js";
import { microGains, microLogs } from "../../kernels/micro_tables.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { type Attributes, tensor } from "../types.js";

function correctionOf(attributes: Attributes): number {
  const correction = attributes["correction"] === undefined ? 3 : numberOf(attributes, "correction");
  if (Number.isInteger(correction) && correction >= -1 && correction <= 5) return correction;
  throw new UserError(`correction must be a whole number from -1 to 5, found ${correction}`);
}

/** The second half of TensorFlow's integer micro front end. */
export const microGain: OpDefinition = {
  name: "micro_gain",
  documentation:
    "A frame's magnitudes [B, bands], whole numbers below 2^23, and the noise estimate so far, as its upper and its lower 16 bits [B, bands], to what is left of the magnitudes " +
    "without stationary noise, with its level evened out (PCAN, Wang et al. 2017), as 64 times the natural logarithm, and the new estimate's two halves: the bits of " +
    "TensorFlow's micro front end with noise reduction 0.025, 0.06, 0.05 and gain 0.95, 80, 21: {correction} bits that magnitudes lack, log2 of the transform's points less 6 " +
    "(default: 3, of 512 points).",
  infer: (inputs, attributes) => {
    correctionOf(attributes);
    const [x, high, low] = inputs as [(typeof inputs)[0], (typeof inputs)[0], (typeof inputs)[0]];
    if (x.shape.length !== 2) throw new UserError(`takes a frame [batch, bands], found ${x.shape.length} axes`);
    for (const { shape } of [high, low])
      if (shape.length !== 2 || shape.some((n, i) => n !== x.shape[i]))
        throw new UserError(`the noise estimate is [${shape.join(", ")}], it must be [${x.shape.join(", ")}] as the frame`);
    return inputs.map(() => tensor("f32", x.shape));
  },
  lower: (context) => {
    const [batch, bands] = context.inputs[0]!.type.shape as [number, number];
    const correction = correctionOf(context.attributes);
    const shape = { batch, bands, correction };
    const tables = [microGains(correction), microLogs()].map((table) => context.constant(table));
    context.call(`micro_gain ${JSON.stringify(shape)}`, () => microGainKernel(shape), [
      ...context.inputs,
      ...tables,
      ...context.outputs,
    ]);
  },
};
