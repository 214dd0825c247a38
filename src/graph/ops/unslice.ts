import { shapeOf } from "../attributes.js";
import { fillWith } from "../integer_lowering.js";
import { copyStrided } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { stridesOf } from "../shapes.js";
import { sizeOf } from "../types.js";

/** Zeros (of integers: zero points) with x at regular places: the gradient of slice, and padding. */
export const unslice: OpDefinition = {
  name: "unslice",
  documentation:
    "Zeros (of integers the zero point) of the attribute shape with element i of x at begin + i * strides along each axis.",
  infer: ([x], attributes) => [movedType(x!, shapeOf(attributes, "shape"))],
  batching: ([x], [y], attributes) => {
    if (x!.shape[0] !== y!.shape[0]) return undefined;
    const shape = y!.shape.slice(1);
    return { sliced: [0], gives: "rows", attributes: (rows) => ({ ...attributes, shape: [rows, ...shape] }) };
  },
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const begin = shapeOf(node.attributes, "begin");
    const strides = shapeOf(node.attributes, "strides");
    const end = node.inputs[0]!.type.shape.map((n, i) => begin[i]! + (n - 1) * strides[i]! + 1);
    return [op("slice", [dy], { begin, end, strides })];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const size = sizeOf(y.type.shape);
    if (size !== sizeOf(x.type.shape)) fillWith(context, y, y.type.quantization?.zeroPoint[0] ?? 0);
    const strides = stridesOf(y.type.shape);
    const begin = shapeOf(context.attributes, "begin");
    const step = shapeOf(context.attributes, "strides");
    copyStrided(context, x.type.shape, x, { strides: stridesOf(x.type.shape), offset: 0 }, y, {
      strides: step.map((s, i) => s * strides[i]!),
      offset: begin.reduce((sum, b, i) => sum + b * strides[i]!, 0),
    });
  },
};
