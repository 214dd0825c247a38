import type { OpDefinition } from "../op.js";
import { poolGeometry, poolRules, scatterTaps } from "../pool.js";

/** Mean of windows. */
export const averagePool: OpDefinition = {
  ...poolRules("average"),
  documentation:
    "Mean of the windows of x[B,H,W,C]; places outside the map do not count. Attributes window [height, width], strides, padding.",
  gradient: (context) => {
    const { node, upstream, op } = context;
    const [dy] = upstream;
    if (!dy) return [undefined];
    const g = poolGeometry(node.inputs[0]!.type, node.attributes);
    const places = g.kernel[0] * g.kernel[1];
    const share = op("affine", [dy], { scale: 1 / places, offset: 0 });
    const outside = g.before.some((n) => n > 0) || g.after.some((n) => n > 0);
    if (!outside) return [scatterTaps(context, (part) => part(share))];
    // Windows at the edges have fewer places: the mean of ones over as many zeros says which part of a window lies inside.
    const ones = op("affine", [op("zeros", [node.inputs[0]!], { shape: node.inputs[0]!.type.shape })], { scale: 1, offset: 1 });
    const before = [0, g.before[0], g.before[1], 0];
    const after = [0, g.after[0], g.after[1], 0];
    const inside = op("average_pool", [op("pad", [ones], { before, after })], { ...node.attributes, padding: "valid" });
    const scaled = op("div", [share, inside]);
    return [scatterTaps(context, (part) => part(scaled))];
  },
};
