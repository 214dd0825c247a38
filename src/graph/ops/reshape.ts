import { UserError } from "../../base/errors.js";
import { shapeOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { sizeOf } from "../types.js";
import { reshapeTime } from "../time.js";

/** The same elements under another shape. */
export const reshape: OpDefinition = {
  name: "reshape",
  documentation:
    "The same elements under the attribute shape; 0 copies the input's dimension at that place, -1 (once) takes what is left.",
  time: reshapeTime,
  view: true,
  infer: ([x], attributes) => {
    const wanted = shapeOf(attributes, "shape");
    const shape = wanted.map((n, i) => (n === 0 ? (x!.shape[i] ?? 0) : n));
    const free = shape.indexOf(-1);
    if (free >= 0) shape[free] = sizeOf(x!.shape) / shape.reduce((p, n, i) => (i === free ? p : p * n), 1);
    if (!shape.every((n) => Number.isInteger(n) && n > 0) || sizeOf(shape) !== sizeOf(x!.shape))
      throw new UserError(`[${x!.shape.join(",")}] does not have the elements of [${wanted.join(",")}]`);
    return [movedType(x!, shape)];
  },
  batching: ([x], [y]) =>
    x!.shape[0] === y!.shape[0]
      ? { sliced: [0], gives: "rows", attributes: (rows) => ({ shape: [rows, ...y!.shape.slice(1)] }) }
      : undefined,
  gradient: ({ node, upstream: [dy], op }) => [dy && op("reshape", [dy], { shape: node.inputs[0]!.type.shape })],
};
