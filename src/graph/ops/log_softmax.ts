import type { OpDefinition } from "../op.js";
import { softmaxRules } from "../softmax.js";
import { rowTime } from "../time.js";

/** x - log sum exp(x) over the last axis. */
export const logSoftmax: OpDefinition = {
  ...softmaxRules("log_softmax", true),
  documentation: "x - log sum exp(x) over the last axis, shifted by the largest element.",
  time: rowTime,
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const total = op("sum", [dy], { axes: [-1], keep: true });
    return [op("sub", [dy, op("mul", [op("exp", [node.outputs[0]!]), total])])];
  },
};
