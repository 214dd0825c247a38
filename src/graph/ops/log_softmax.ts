import { softmaxKernel } from "../../kernels/softmax.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";
import { sizeOf } from "../types.js";

/** x - log sum exp(x) over the last axis. */
export const logSoftmax: OpDefinition = {
  name: "log_softmax",
  documentation: "x - log sum exp(x) over the last axis, shifted by the largest element.",
  infer: (inputs) => [sameAsInput(inputs)],
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const total = op("sum", [dy], { axes: [-1], keep: true });
    return [op("sub", [dy, op("mul", [op("exp", [node.outputs[0]!]), total])])];
  },
  batching: ([x]) => (x!.shape.length > 1 ? { sliced: [0], gives: "rows" } : undefined),
  lower: (context) => {
    const x = context.inputs[0]!;
    const columns = x.type.shape[x.type.shape.length - 1]!;
    const rows = sizeOf(x.type.shape) / columns;
    const element = floatOf(x);
    const make = () => softmaxKernel(element, rows, columns, true);
    context.call(`log_softmax ${element} ${rows} ${columns}`, make, [x, context.outputs[0]!]);
  },
};
