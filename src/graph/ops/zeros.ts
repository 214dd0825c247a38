import { shapeOf } from "../attributes.js";
import { fillWith } from "../integer_lowering.js";
import type { OpDefinition } from "../op.js";
import { movedType, outputType } from "../quantized.js";

/** Zeros, such as a recurrent cell's first state. */
export const zeros: OpDefinition = {
  name: "zeros",
  documentation:
    "Zeros of the attribute shape, where 0 copies x's dimension at that place; x gives the type and is not read. With outputScale, outputZeroPoint and outputType they " +
    "are integers of that type: the zero point.",
  infer: ([x], attributes) => {
    const shape = shapeOf(attributes, "shape").map((n, i) => (n === 0 ? x!.shape[i]! : n));
    return [attributes["outputType"] === undefined ? movedType(x!, shape) : outputType(attributes, shape)];
  },
  gradient: () => [undefined],
  lower: (context) => {
    const y = context.outputs[0]!;
    fillWith(context, y, y.type.quantization?.zeroPoint[0] ?? 0);
  },
};
