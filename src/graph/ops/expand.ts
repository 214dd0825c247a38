import { shapeOf } from "../attributes.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";
import { tensor } from "../types.js";
import { expandTime } from "../time.js";

/** x broadcast to a shape. */
export const expand: OpDefinition = {
  name: "expand",
  documentation: "x broadcast to the attribute shape.",
  time: expandTime,
  infer: ([x], attributes) => [broadcastTypes([x!, tensor(x!.dtype, shapeOf(attributes, "shape"))])],
  expression: (_, [x]) => x!,
  batching: ([x], [y]) => ({
    sliced: x!.shape.length === y!.shape.length && x!.shape[0] === y!.shape[0] ? [0] : [],
    gives: "rows",
    attributes: (rows) => ({ shape: [rows, ...y!.shape.slice(1)] }),
  }),
  gradient: ({ node, upstream: [dy], op }) => [dy && reduceTo(op, dy, node.inputs[0]!.type.shape)],
};
