import type { OpDefinition } from "../op.js";
import { poolRules, scatterTaps } from "../pool.js";
import type { Value } from "../types.js";

/** Largest element of windows. */
export const maxPool: OpDefinition = {
  ...poolRules("max"),
  documentation:
    "Largest element of the windows of x[B,H,W,C]; places outside the map do not count. Attributes window [height, width], strides, padding. " +
    "Of equal largest elements the first gets the gradient, as in TensorFlow.",
  gradient: (context) => {
    const { node, upstream, op } = context;
    const [dy] = upstream;
    if (!dy) return [undefined];
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    // 1 where no place before had the largest element; kept only where every window has every place.
    let free: Value | undefined;
    const largest = (part: (value: Value) => Value, here: Value): Value =>
      op("affine", [op("greater", [part(y), here])], { scale: -1, offset: 1 });
    return [
      scatterTaps(context, (part, tap) => {
        const first = largest(part, op("slice", [x], { ...tap.x }));
        const mine = free ? op("mul", [first, part(free)]) : first;
        const { shape } = y.type;
        const all = tap.y ? op("unslice", [mine], { shape, begin: tap.y.begin, strides: tap.y.strides }) : mine;
        free = free ? op("sub", [free, all]) : op("affine", [all], { scale: -1, offset: 1 });
        return op("mul", [part(dy), mine]);
      }),
    ];
  },
};
