import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";
import { type ActivationName, activation } from "./activation.js";
import { denseLayer } from "./dense.js";

/** Fully connected layers `path.0`, `path.1` and so on, each with its activation. */
export function denseStack(
  builder: GraphBuilder,
  path: string,
  x: Value,
  units: readonly number[],
  activations: readonly ActivationName[],
): Value {
  let y = x;
  for (const [i, width] of units.entries()) {
    y = activation(builder, denseLayer(builder, `${path}.${i}`, y, width), activations[i] ?? "linear");
  }
  return y;
}
