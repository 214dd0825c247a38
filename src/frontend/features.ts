import type { GraphBuilder } from "../graph/builder.js";
import type { Attributes, Value } from "../graph/types.js";

/** Largest finite f32: a limit that limits nothing. */
const largest = 3.4028234663852886e38;

/** A constant made from attributes. */
export function tableNode(builder: GraphBuilder, attributes: Attributes): Value {
  return builder.op("table", [], attributes);
}

/** Squared magnitude of bins 0..bins-1: frames [B, T, n] to [B, T, bins]. */
export function powerSpectrum(builder: GraphBuilder, frames: Value, points: number, bins: number): Value {
  const spectrum = builder.op("rfft", [frames], { length: points });
  const power = builder.op("sum", [builder.op("square", [spectrum])], { axes: [2], keep: false });
  if (bins === points / 2 + 1) return power;
  return builder.op("slice", [power], { begin: [0, 0, 0], end: [0, 0, bins], strides: [1, 1, 1] });
}

/** max(x, floor). */
export function atLeast(builder: GraphBuilder, x: Value, floor: number): Value {
  return builder.op("clamp", [x], { low: floor, high: largest });
}

/** The first `coefficients` of the DCT-II over the last axis. */
export function cosineTransform(builder: GraphBuilder, x: Value, coefficients: number): Value {
  const inputs = x.type.shape[x.type.shape.length - 1] as number;
  return builder.op("dense", [x, tableNode(builder, { kind: "dct2", inputs, outputs: coefficients })]);
}

/** Bins from 0 to the last one at or below `hertz`. */
export function binsUpTo(hertz: number, points: number, rate: number): number {
  return Math.min(points / 2, Math.floor((hertz * points) / rate)) + 1;
}
