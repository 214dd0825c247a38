import { UserError } from "../../base/errors.js";
import { contract, floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";
import { denseTime } from "../time.js";

/** Matrix product over the last axis. */
export const dense: OpDefinition = {
  name: "dense",
  documentation: "x[..., K] times w[K, N] gives [..., N]; no bias.",
  time: denseTime,
  infer: ([x, w]) => {
    const inner = x!.shape[x!.shape.length - 1];
    if (w!.shape.length !== 2) throw new UserError(`the weights must have two axes, found ${w!.shape.length}`);
    if (inner !== w!.shape[0]) throw new UserError(`the last axis of x is ${inner}, the weights take ${w!.shape[0]}`);
    return [tensor(x!.dtype, [...x!.shape.slice(0, -1), w!.shape[1] as number])];
  },
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const [x, w] = node.inputs;
    return [
      needs(0) ? op("dense", [dy, op("transpose", [w!], { permutation: [1, 0] })]) : undefined,
      needs(1) ? op("dense_weight_gradient", [x!, dy]) : undefined,
    ];
  },
  lower: (context) => {
    const [x, w] = context.inputs;
    const [inner, columns] = w!.type.shape as [number, number];
    const rows = sizeOf(x!.type.shape) / inner;
    const spec = {
      element: floatOf(x!),
      rows: [{ size: rows, a: inner, c: columns }],
      reduction: [{ size: inner, a: 1, b: columns }],
      columns,
    };
    contract(context, spec, x!, w!, context.outputs[0]!);
  },
  batching: ([x]) => (x!.shape.length > 1 ? { sliced: [0], gives: "rows" } : undefined),
  multiplyAccumulates: ([x, w]) => sizeOf(x!.shape) * (w!.shape[1] as number),
};
