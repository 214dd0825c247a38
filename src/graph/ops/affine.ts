import { constant, fma } from "../../kernels/language.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { sameAsInput } from "../shapes.js";

/** x * scale + offset, with constants. */
export const affine: OpDefinition = {
  name: "affine",
  documentation: "x * scale + offset; both are attributes.",
  infer: (inputs, attributes) => {
    numberOf(attributes, "scale");
    numberOf(attributes, "offset");
    return [sameAsInput(inputs)];
  },
  expression: (_, [x], attributes) =>
    fma(x!, constant(x!.type, numberOf(attributes, "scale"), x!.lanes), numberOf(attributes, "offset")),
  gradient: ({ node, upstream: [dy], op }) => [
    dy && op("affine", [dy], { scale: numberOf(node.attributes, "scale"), offset: 0 }),
  ],
};
