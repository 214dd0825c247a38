import { UserError } from "../../base/errors.js";
import { max } from "../../kernels/language.js";
import { integerMap } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { movedType, requireQuantized } from "../quantized.js";
import { broadcastTypes } from "../shapes.js";

/** The larger of two integers. */
export const quantizedMaximum: OpDefinition = {
  name: "quantized_maximum",
  documentation:
    "the larger of a and b (i8 or i16), element by element, both at one scale, which the result has too, as TFLite's MAXIMUM; shapes broadcast from the right.",
  infer: (inputs) => {
    if (inputs.length !== 2) throw new UserError(`takes two inputs, found ${inputs.length}`);
    const [a, b] = inputs.map((type) => requireQuantized(type));
    if (a!.scale !== b!.scale || a!.zeroPoint !== b!.zeroPoint) throw new UserError("takes two inputs at the same scale");
    return [movedType(inputs[0]!, broadcastTypes(inputs).shape)];
  },
  lower: (context) => integerMap(context, ["quantized_maximum"], (k, [a, b]) => k.let(max(a!, b!))),
};
