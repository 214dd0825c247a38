import { UserError } from "../../base/errors.js";
import { constant, div, max, min, mul, unary } from "../../kernels/language.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";

/** Real numbers as a quantized tensor would hold them; the gradient passes as if nothing was rounded (Bengio et al. 2013). */
export const fakeQuantize: OpDefinition = {
  name: "fake_quantize",
  documentation:
    "round(x / scale) limited to [low, high], times scale; the scale is the attribute, or a second input that broadcasts. low and high count from the zero point. " +
    "Straight-through gradient: that of x where x lies inside; none for the scale.",
  infer: (inputs, attributes) => {
    const [x, scale] = inputs;
    if (!scale) numberOf(attributes, "scale");
    const low = numberOf(attributes, "low");
    const high = numberOf(attributes, "high");
    if (low > 0 || high < 0) throw new UserError(`low and high must hold 0 between them, found ${low} and ${high}`);
    const type = broadcastTypes(inputs);
    if (type.shape.join() !== x!.shape.join()) throw new UserError("the scale must not have more elements than x");
    return [type];
  },
  expression: (k, [x, given], attributes) => {
    const scale = given ?? constant(x!.type, numberOf(attributes, "scale"), x!.lanes);
    const steps = k.let(unary("nearest", div(x!, scale)));
    return mul(min(numberOf(attributes, "high"), max(numberOf(attributes, "low"), steps)), scale);
  },
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return node.inputs.map(() => undefined);
    const [x, given] = node.inputs;
    // Scales of weights come from their largest: nothing lies outside.
    if (given) return [dy, undefined];
    const scale = numberOf(node.attributes, "scale");
    const low = (numberOf(node.attributes, "low") - 0.5) * scale;
    const high = (numberOf(node.attributes, "high") + 0.5) * scale;
    const above = op("step", [op("affine", [x!], { scale: 1, offset: -low })]);
    const below = op("step", [op("affine", [x!], { scale: -1, offset: high })]);
    return [op("mul", [dy, op("mul", [above, below])])];
  },
};
