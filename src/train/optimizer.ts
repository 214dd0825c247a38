import type { GraphBuilder } from "../graph/builder.js";
import type { Value } from "../graph/types.js";

/** Update rules. `epsilonInside`: epsilon is added before the bias correction (Keras), not after it (PyTorch). */
export type Optimizer =
  | {
      readonly kind: "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly epsilonInside?: boolean;
    }
  | {
      readonly kind: "adamw";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly epsilonInside?: boolean;
      /** Decoupled: w -= rate * decay * w (Loshchilov and Hutter 2019), for parameters of two axes or more. */
      readonly weightDecay: number;
    }
  | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov?: boolean };

/** 1 - beta1^t and 1 - beta2^t for step t >= 1, in double precision; 1 for SGD. */
export function biasCorrections(optimizer: Optimizer, step: number): [number, number] {
  if (optimizer.kind === "sgd") return [1, 1];
  return [1 - optimizer.beta1 ** step, 1 - optimizer.beta2 ** step];
}

function adam(
  g: GraphBuilder,
  o: Extract<Optimizer, { kind: "adam" | "adamw" }>,
  name: string,
  parameter: Value,
  gradient: Value,
  rate: Value,
  [correction1, correction2]: readonly [Value, Value],
): Value {
  const scaled = (x: Value, scale: number, offset = 0): Value => g.op("affine", [x], { scale, offset });
  const m = g.state(`optimizer.m.${name}`, parameter.type);
  const v = g.state(`optimizer.v.${name}`, parameter.type);
  const m1 = g.op("add", [scaled(m, o.beta1), scaled(gradient, 1 - o.beta1)]);
  const v1 = g.op("add", [scaled(v, o.beta2), scaled(g.op("square", [gradient]), 1 - o.beta2)]);
  g.setState(m, m1);
  g.setState(v, v1);
  let change: Value;
  if (o.epsilonInside) {
    const factor = g.op("div", [g.op("mul", [rate, g.op("sqrt", [correction2])]), correction1]);
    change = g.op("div", [g.op("mul", [m1, factor]), scaled(g.op("sqrt", [v1]), 1, o.epsilon)]);
  } else {
    const factor = g.op("div", [rate, correction1]);
    const root = g.op("mul", [g.op("sqrt", [v1]), g.op("rsqrt", [correction2])]);
    change = g.op("div", [g.op("mul", [m1, factor]), scaled(root, 1, o.epsilon)]);
  }
  let kept = parameter;
  if (o.kind === "adamw" && o.weightDecay > 0 && parameter.type.shape.length >= 2)
    kept = g.op("mul", [parameter, scaled(rate, -o.weightDecay, 1)]);
  return g.op("sub", [kept, change]);
}

/** The parameter after one update; adds the optimizer's slots as states `optimizer.<slot>.<parameter>`. */
export function update(
  g: GraphBuilder,
  optimizer: Optimizer,
  name: string,
  parameter: Value,
  gradient: Value,
  rate: Value,
  corrections: readonly [Value, Value],
): Value {
  if (optimizer.kind !== "sgd") return adam(g, optimizer, name, parameter, gradient, rate, corrections);
  if (optimizer.momentum === 0) return g.op("sub", [parameter, g.op("mul", [gradient, rate])]);
  const velocity = g.state(`optimizer.velocity.${name}`, parameter.type);
  const next = g.op("add", [g.op("affine", [velocity], { scale: optimizer.momentum, offset: 0 }), gradient]);
  g.setState(velocity, next);
  const direction = optimizer.nesterov
    ? g.op("add", [gradient, g.op("affine", [next], { scale: optimizer.momentum, offset: 0 })])
    : next;
  return g.op("sub", [parameter, g.op("mul", [direction, rate])]);
}
