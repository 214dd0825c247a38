import { softmaxKernel } from "../../kernels/softmax.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";
import { sizeOf } from "../types.js";

/** exp(x) / sum exp(x) over the last axis. */
export const softmax: OpDefinition = {
  name: "softmax",
  documentation: "exp(x) / sum exp(x) over the last axis, shifted by the largest element.",
  infer: (inputs) => [sameAsInput(inputs)],
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    const inner = op("sum", [op("mul", [dy, y])], { axes: [-1], keep: true });
    return [op("mul", [op("sub", [dy, inner]), y])];
  },
  batching: ([x]) => (x!.shape.length > 1 ? { sliced: [0], gives: "rows" } : undefined),
  lower: (context) => {
    const x = context.inputs[0]!;
    const columns = x.type.shape[x.type.shape.length - 1]!;
    const rows = sizeOf(x.type.shape) / columns;
    const element = floatOf(x);
    const make = () => softmaxKernel(element, rows, columns, false);
    context.call(`softmax ${element} ${rows} ${columns}`, make, [x, context.outputs[0]!]);
  },
};
