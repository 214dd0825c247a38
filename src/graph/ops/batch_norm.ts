import { UserError } from "../../base/errors.js";
import { add, constant, div, fma, mul, sub, unary } from "../../kernels/language.js";
import { booleanOf, numberOf } from "../attributes.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { type TensorType, tensor, type Value } from "../types.js";

function expectVector(type: TensorType | undefined, channels: number, name: string): void {
  if (!type || type.shape.length !== 1 || type.shape[0] !== channels)
    throw new UserError(`${name} must have the shape [${channels}], found ${type ? `[${type.shape.join(",")}]` : "nothing"}`);
}

/** (x - mean) / sqrt(variance + epsilon) * gamma + beta over the last axis (Ioffe and Szegedy 2015). */
export const batchNorm: OpDefinition = {
  name: "batch_norm",
  documentation:
    "x[..., C], mean[C], variance[C], then beta[C] where center and gamma[C] where scale: normalises the last axis with given statistics. The training pass puts batch moments in their place and moves the buffers by `momentum`.",
  infer: (inputs, attributes) => {
    const x = inputs[0]!;
    const channels = x.shape[x.shape.length - 1]!;
    const names = [
      "mean",
      "variance",
      ...(booleanOf(attributes, "center") ? ["beta"] : []),
      ...(booleanOf(attributes, "scale") ? ["gamma"] : []),
    ];
    if (inputs.length !== names.length + 1) throw new UserError(`takes x and ${names.join(", ")}, found ${inputs.length} inputs`);
    names.forEach((name, i) => expectVector(inputs[i + 1], channels, name));
    return [tensor(x.dtype, x.shape)];
  },
  expression: (k, [x, mean, variance, ...rest], attributes) => {
    const root = unary("sqrt", add(variance!, numberOf(attributes, "epsilon")));
    const inverse = k.let(div(constant(x!.type, 1, variance!.lanes), root));
    const gamma = booleanOf(attributes, "scale") ? rest[rest.length - 1] : undefined;
    const factor = gamma ? k.let(mul(inverse, gamma)) : inverse;
    const centred = k.let(sub(x!, mean!));
    return booleanOf(attributes, "center") ? fma(centred, factor, rest[0]!) : mul(centred, factor);
  },
  // Two sums over the map, of dy and of dy (x - mean), give the gradients of all four vectors.
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return node.inputs.map(() => undefined);
    const center = booleanOf(node.attributes, "center");
    const scale = booleanOf(node.attributes, "scale");
    const [x, mean, variance] = node.inputs as [Value, Value, Value];
    const gamma = scale ? node.inputs[node.inputs.length - 1] : undefined;
    const shape = mean.type.shape;
    const inverse = op("rsqrt", [op("affine", [variance], { scale: 1, offset: numberOf(node.attributes, "epsilon") })]);
    const factor = gamma ? op("mul", [inverse, gamma]) : inverse;
    const some = needs(1) || needs(2) || node.inputs.slice(3).some((_, i) => needs(3 + i));
    const sum = some ? reduceTo(op, dy, shape) : undefined;
    const cross = needs(2) || scale ? reduceTo(op, op("mul", [dy, op("sub", [x, mean])]), shape) : undefined;
    const dVariance =
      needs(2) && cross
        ? op("affine", [op("mul", [op("mul", [cross, factor]), op("square", [inverse])])], { scale: -0.5, offset: 0 })
        : undefined;
    return [
      needs(0) ? op("mul", [dy, factor]) : undefined,
      needs(1) && sum ? op("neg", [op("mul", [sum, factor])]) : undefined,
      dVariance,
      ...(center ? [sum] : []),
      ...(scale && cross ? [op("mul", [cross, inverse])] : []),
    ];
  },
};
