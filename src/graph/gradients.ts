import type { Attributes, Value } from "./types.js";

type Apply = (op: string, inputs: readonly Value[], attributes?: Attributes) => Value;

/** Sums a gradient over the axes along which its input was broadcast. */
export function reduceTo(op: Apply, gradient: Value, shape: readonly number[]): Value {
  const from = gradient.type.shape;
  const lead = from.length - shape.length;
  const axes = from.flatMap((n, i) => (i < lead || (shape[i - lead] === 1 && n !== 1) ? [i] : []));
  if (axes.length === 0) return gradient;
  const summed = op("sum", [gradient], { axes, keep: false });
  return summed.type.shape.length === shape.length ? summed : op("reshape", [summed], { shape: [...shape] });
}
