import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/** Activations that a layer can have; "linear" is none. */
export const activationNames = ["linear", "relu", "relu6", "sigmoid", "tanh", "swish"] as const;
/** Name of an activation. */
export type ActivationName = (typeof activationNames)[number];

/** Applies an activation to every value. */
export function activation(builder: GraphBuilder, x: Value, name: ActivationName): Value {
  if (name === "linear") return x;
  if (name === "relu6") return builder.op("clamp", [x], { low: 0, high: 6 });
  if (name === "swish") return builder.op("mul", [x, builder.op("sigmoid", [x])]);
  return builder.op(name, [x]);
}
