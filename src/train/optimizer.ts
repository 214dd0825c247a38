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
  | {
      readonly kind: "sgd";
      readonly momentum: number;
      readonly nesterov?: boolean;
      /** The velocity is a sum of steps, rates and all (Keras), not of gradients (PyTorch): other numbers once the rate changes. */
      readonly rateInVelocity?: boolean;
    }
  /** PyTorch's: w -= rate * g / (sqrt(mean of g^2) + epsilon), through a velocity where there is momentum. */
  | {
      readonly kind: "rmsprop";
      /** Share of the old mean that is kept (PyTorch's alpha, Keras's rho). */
      readonly decay: number;
      readonly epsilon: number;
      readonly momentum: number;
      /** The variance of the gradient instead of the mean of its square. */
      readonly centered: boolean;
    }
  /** TensorFlow Addons' NovoGrad (Ginsburg et al. 2019, arXiv 1905.11286): one second moment a parameter tensor. */
  | {
      readonly kind: "novograd";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      /** Added to the normalised gradient: decay * w, of every parameter. */
      readonly weightDecay: number;
      /** Whether the normalised gradient is scaled by 1 - beta1, as Adam has it; not in the first step. */
      readonly gradAveraging: boolean;
    };

/**
 * The two numbers that a step's update depends on beside its rate. Adam: 1 - beta1^t and 1 - beta2^t for step t >= 1, in double
 * precision; NovoGrad: the share of the new gradient and of its square, which is 1 in the first step; otherwise 1.
 */
export function biasCorrections(optimizer: Optimizer, step: number): [number, number] {
  if (optimizer.kind === "novograd") {
    const { beta1, beta2, gradAveraging } = optimizer;
    return step === 1 ? [1, 1] : [gradAveraging ? 1 - beta1 : 1, 1 - beta2];
  }
  if (optimizer.kind !== "adam" && optimizer.kind !== "adamw") return [1, 1];
  return [1 - optimizer.beta1 ** step, 1 - optimizer.beta2 ** step];
}

const scaled = (g: GraphBuilder, x: Value, scale: number, offset = 0): Value => g.op("affine", [x], { scale, offset });

function adam(
  g: GraphBuilder,
  o: Extract<Optimizer, { kind: "adam" | "adamw" }>,
  name: string,
  parameter: Value,
  gradient: Value,
  rate: Value,
  [correction1, correction2]: readonly [Value, Value],
): Value {
  const m = g.state(`optimizer.m.${name}`, parameter.type);
  const v = g.state(`optimizer.v.${name}`, parameter.type);
  const m1 = g.op("add", [scaled(g, m, o.beta1), scaled(g, gradient, 1 - o.beta1)]);
  const v1 = g.op("add", [scaled(g, v, o.beta2), scaled(g, g.op("square", [gradient]), 1 - o.beta2)]);
  g.setState(m, m1);
  g.setState(v, v1);
  let change: Value;
  if (o.epsilonInside) {
    const factor = g.op("div", [g.op("mul", [rate, g.op("sqrt", [correction2])]), correction1]);
    change = g.op("div", [g.op("mul", [m1, factor]), scaled(g, g.op("sqrt", [v1]), 1, o.epsilon)]);
  } else {
    const factor = g.op("div", [rate, correction1]);
    const root = g.op("mul", [g.op("sqrt", [v1]), g.op("rsqrt", [correction2])]);
    change = g.op("div", [g.op("mul", [m1, factor]), scaled(g, root, 1, o.epsilon)]);
  }
  let kept = parameter;
  if (o.kind === "adamw" && o.weightDecay > 0 && parameter.type.shape.length >= 2)
    kept = g.op("mul", [parameter, scaled(g, rate, -o.weightDecay, 1)]);
  return g.op("sub", [kept, change]);
}

function novograd(
  g: GraphBuilder,
  o: Extract<Optimizer, { kind: "novograd" }>,
  name: string,
  parameter: Value,
  gradient: Value,
  rate: Value,
  [share, squareShare]: readonly [Value, Value],
): Value {
  const m = g.state(`optimizer.m.${name}`, parameter.type);
  const v = g.state(`optimizer.v.${name}`, rate.type);
  const axes = gradient.type.shape.map((_, i) => i);
  const square = g.op("reshape", [g.op("sum", [g.op("square", [gradient])], { axes, keep: false })], { shape: [1] });
  const v1 = g.op("add", [v, g.op("mul", [g.op("sub", [square, v]), squareShare])]);
  let normalised = g.op("div", [gradient, scaled(g, g.op("sqrt", [v1]), 1, o.epsilon)]);
  if (o.weightDecay > 0) normalised = g.op("add", [normalised, scaled(g, parameter, o.weightDecay)]);
  const m1 = g.op("sub", [scaled(g, m, o.beta1), g.op("mul", [normalised, g.op("mul", [rate, share])])]);
  g.setState(m, m1);
  g.setState(v, v1);
  return g.op("add", [parameter, m1]);
}

function rmsprop(
  g: GraphBuilder,
  o: Extract<Optimizer, { kind: "rmsprop" }>,
  name: string,
  parameter: Value,
  gradient: Value,
  rate: Value,
): Value {
  const slot = (kind: string): Value => g.state(`optimizer.${kind}.${name}`, parameter.type);
  const mean = (state: Value, x: Value): Value => {
    const next = g.op("add", [scaled(g, state, o.decay), scaled(g, x, 1 - o.decay)]);
    g.setState(state, next);
    return next;
  };
  let power = mean(slot("v"), g.op("square", [gradient]));
  if (o.centered) power = g.op("sub", [power, g.op("square", [mean(slot("mean"), gradient)])]);
  const direction = g.op("div", [gradient, scaled(g, g.op("sqrt", [power]), 1, o.epsilon)]);
  if (o.momentum === 0) return g.op("sub", [parameter, g.op("mul", [direction, rate])]);
  const velocity = slot("velocity");
  const next = g.op("add", [scaled(g, velocity, o.momentum), direction]);
  g.setState(velocity, next);
  return g.op("sub", [parameter, g.op("mul", [next, rate])]);
}

/** Descent with momentum; the velocity has the sign of the gradient, or of the step where the rate is in it. */
function descent(
  g: GraphBuilder,
  { momentum, nesterov, rateInVelocity }: Extract<Optimizer, { kind: "sgd" }>,
  name: string,
  parameter: Value,
  gradient: Value,
  rate: Value,
): Value {
  const step = rateInVelocity === true ? g.op("mul", [gradient, rate]) : gradient;
  const velocity = g.state(`optimizer.velocity.${name}`, parameter.type);
  const next = g.op("add", [scaled(g, velocity, momentum), step]);
  g.setState(velocity, next);
  const direction = nesterov === true ? g.op("add", [step, scaled(g, next, momentum)]) : next;
  return g.op("sub", [parameter, rateInVelocity === true ? direction : g.op("mul", [direction, rate])]);
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
  if (optimizer.kind === "novograd") return novograd(g, optimizer, name, parameter, gradient, rate, corrections);
  if (optimizer.kind === "rmsprop") return rmsprop(g, optimizer, name, parameter, gradient, rate);
  if (optimizer.kind !== "sgd") return adam(g, optimizer, name, parameter, gradient, rate, corrections);
  if (optimizer.momentum === 0) return g.op("sub", [parameter, g.op("mul", [gradient, rate])]);
  return descent(g, optimizer, name, parameter, gradient, rate);
}
