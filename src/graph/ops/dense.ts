import { UserError } from "../../base/errors.js";
import { contract, floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";
import { denseTime } from "../time.js";

/** What weights of that shape take and give. */
function axesOf(shape: readonly number[], transposed: unknown): [number, number] {
  const [first, second] = shape as [number, number];
  return transposed === true ? [second, first] : [first, second];
}

/** Matrix product over the last axis. */
export const dense: OpDefinition = {
  name: "dense",
  documentation: "x[..., K] times w[K, N] gives [..., N]; no bias. With transposed: true, w is [N, K].",
  time: denseTime,
  infer: ([x, w], { transposed }) => {
    const inner = x!.shape[x!.shape.length - 1];
    if (w!.shape.length !== 2) throw new UserError(`the weights must have two axes, found ${w!.shape.length}`);
    const [takes, gives] = axesOf(w!.shape, transposed);
    if (inner !== takes) throw new UserError(`the last axis of x is ${inner}, the weights take ${takes}`);
    return [tensor(x!.dtype, [...x!.shape.slice(0, -1), gives])];
  },
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const [x, w] = node.inputs;
    if (node.attributes.transposed === true)
      return [needs(0) ? op("dense", [dy, w!]) : undefined, needs(1) ? op("dense_weight_gradient", [dy, x!]) : undefined];
    return [
      needs(0) ? op("dense", [dy, op("transpose", [w!], { permutation: [1, 0] })]) : undefined,
      needs(1) ? op("dense_weight_gradient", [x!, dy]) : undefined,
    ];
  },
  lower: (context) => {
    const [x, w] = context.inputs;
    const { transposed } = context.attributes;
    const [inner, columns] = axesOf(w!.type.shape, transposed);
    const rows = sizeOf(x!.type.shape) / inner;
    const spec = {
      element: floatOf(x!),
      rows: [{ size: rows, a: inner, c: columns }],
      reduction: [{ size: inner, a: 1, b: columns }],
      columns,
      ...(transposed === true ? { across: true } : {}),
    };
    contract(context, spec, x!, w!, context.outputs[0]!);
  },
  batching: ([x]) => (x!.shape.length > 1 ? { sliced: [0], gives: "rows" } : undefined),
  multiplyAccumulates: ([x, w], _, { transposed }) => sizeOf(x!.shape) * axesOf(w!.shape, transposed)[1],
};
