import { max, min } from "../../kernels/language.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";

/** x limited to [low, high], NaN stays NaN; the gradient passes where x is inside. */
export const clamp: OpDefinition = {
  name: "clamp",
  documentation: "x limited to [low, high]; the gradient passes where x lies strictly inside.",
  infer: (inputs) => [sameAsInput(inputs)],
  expression: (_, [x], attributes) => min(numberOf(attributes, "high"), max(numberOf(attributes, "low"), x!)),
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    const x = node.inputs[0]!;
    const aboveLow = op("affine", [x], { scale: 1, offset: -numberOf(node.attributes, "low") });
    const belowHigh = op("affine", [x], { scale: -1, offset: numberOf(node.attributes, "high") });
    const inside = op("mul", [op("step", [aboveLow]), op("step", [belowHigh])]);
    return [op("mul", [dy, inside])];
  },
};
