import { UserError } from "../base/errors.js";
import type { Multiplier } from "../kernels/fixed_point.js";
import type { KernelBuilder } from "../kernels/kernel_builder.js";
import type { Expression } from "../kernels/language.js";
import { multiplyByQuantizedMultiplier } from "../kernels/requantize.js";
import type { OpDefinition } from "./op.js";
import { clampOf, outputType, requireQuantized } from "./quantized.js";
import { broadcastTypes } from "./shapes.js";

/** Type rule of an integer op of two operands that broadcast. Errors: UserError for another number of operands, floats, or bad bounds. */
export const inferIntegerPair: OpDefinition["infer"] = (inputs, attributes) => {
  if (inputs.length !== 2) throw new UserError(`takes two inputs, found ${inputs.length}`);
  for (const type of inputs) requireQuantized(type);
  const { dtype, shape } = broadcastTypes(inputs);
  const y = outputType(attributes, shape, [dtype]);
  clampOf(attributes, y.dtype);
  return [y];
};

/** x times a quantized multiplier. */
export function rescaled(k: KernelBuilder, x: Expression, { multiplier, shift }: Multiplier): Expression {
  return multiplyByQuantizedMultiplier(k, x, multiplier, Math.max(shift, 0), Math.max(-shift, 0));
}
