import { UserError } from "../../base/errors.js";
import { microGainKernel } from "../../kernels/micro_gain.js";
import { microGains, microLogs } from "../../kernels/micro_tables.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";

/** The second half of TensorFlow's integer micro front end. */
export const microGain: OpDefinition = {
  name: "micro_gain",
  documentation:
    "Magnitudes [B, T, bands], whole numbers below 2^23, to what is left of them without stationary noise, with its level evened out (PCAN, Wang et al. 2017), " +
    "as 64 times the natural logarithm: the bits of TensorFlow's micro front end with noise reduction 0.025, 0.06, 0.05 and gain 0.95, 80, 21. The noise estimate begins with zero.",
  infer: ([x]) => {
    if (x!.shape.length !== 3) throw new UserError(`takes [batch, frames, bands], found ${x!.shape.length} axes`);
    return [tensor("f32", x!.shape)];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const [batch, frames, bands] = x.type.shape as [number, number, number];
    const shape = { batch, frames, bands };
    const tables = [microGains(), microLogs()].map((table) => context.constant(table));
    context.call(`micro_gain ${JSON.stringify(shape)}`, () => microGainKernel(shape), [x, ...tables, y]);
  },
};
