import type { OpDefinition } from "../op.js";
import { softmaxRules } from "../softmax.js";
import { rowTime } from "../time.js";

/** exp(x) / sum exp(x) over the last axis. */
export const softmax: OpDefinition = {
  ...softmaxRules("softmax", false),
  documentation: "exp(x) / sum exp(x) over the last axis, shifted by the largest element.",
  time: rowTime,
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const y = node.outputs[0]!;
    const inner = op("sum", [op("mul", [dy, y])], { axes: [-1], keep: true });
    return [op("mul", [op("sub", [dy, inner]), y])];
  },
};
