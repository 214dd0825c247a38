import { UserError } from "../../base/errors.js";
import { contract, floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";

/** Product over all leading axes: the gradient of dense with respect to its weights. */
export const denseWeightGradient: OpDefinition = {
  name: "dense_weight_gradient",
  documentation: "x[..., K] and dy[..., N] with equal leading axes give sum over them of x dy^T, [K, N].",
  infer: ([x, dy]) => {
    const lead = x!.shape.slice(0, -1);
    if (lead.join() !== dy!.shape.slice(0, -1).join()) throw new UserError("the leading axes differ");
    return [tensor(x!.dtype, [x!.shape[lead.length] as number, dy!.shape[lead.length] as number])];
  },
  gradient: ({ node, upstream: [dw], needs, op }) => {
    if (!dw) return [undefined, undefined];
    const [x, dy] = node.inputs;
    return [
      needs(0) ? op("dense", [dy!, op("transpose", [dw], { permutation: [1, 0] })]) : undefined,
      needs(1) ? op("dense", [x!, dw]) : undefined,
    ];
  },
  lower: (context) => {
    const [x, dy] = context.inputs;
    const [inner, columns] = context.outputs[0]!.type.shape as [number, number];
    const rows = sizeOf(x!.type.shape) / inner;
    const spec = {
      element: floatOf(x!),
      rows: [{ size: inner, a: 1, c: columns }],
      reduction: [{ size: rows, a: inner, b: columns }],
      columns,
    };
    contract(context, spec, x!, dy!, context.outputs[0]!);
  },
  adds: true,
  batching: () => ({ sliced: [0, 1], gives: "sum" }),
  multiplyAccumulates: ([x], [dw]) => sizeOf(x!.shape) * (dw!.shape[1] as number),
};
