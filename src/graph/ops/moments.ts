import { momentsKernel } from "../../kernels/reduce.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";

/** Mean and biased variance over all axes but the last. */
export const moments: OpDefinition = {
  name: "moments",
  documentation: "x[..., C] gives mean[C] and the biased variance[C] over all other axes.",
  infer: ([x]) => {
    const channels = x!.shape[x!.shape.length - 1]!;
    return [tensor(x!.dtype, [channels]), tensor(x!.dtype, [channels])];
  },
  gradient: ({ node, upstream: [dMean, dVariance], op }) => {
    const x = node.inputs[0]!;
    const mean = node.outputs[0]!;
    const rows = sizeOf(x.type.shape) / mean.type.shape[0]!;
    const spread = dVariance && op("mul", [op("sub", [x, mean]), op("affine", [dVariance], { scale: 2 / rows, offset: 0 })]);
    const level = dMean && op("affine", [dMean], { scale: 1 / rows, offset: 0 });
    if (spread && level) return [op("add", [spread, level])];
    return [spread ?? (level && op("expand", [level], { shape: x.type.shape }))];
  },
  batching: () => ({ sliced: [0], gives: "moments" }),
  lower: (context) => {
    const x = context.inputs[0]!;
    const columns = context.outputs[0]!.type.shape[0]!;
    const rows = sizeOf(x.type.shape) / columns;
    const element = floatOf(x);
    const key = `moments ${element} ${rows} ${columns}`;
    context.call(key, () => momentsKernel(element, rows, columns, context.lanes), [x, ...context.outputs]);
  },
};
