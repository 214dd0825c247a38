import type { GraphBuilder } from "../../graph/builder.js";
import type { Value } from "../../graph/types.js";

/** How a layer norm is set up. */
export interface LayerNormOptions {
  /** Axes that are normalised together. */
  readonly axes: readonly number[];
  /** Whether there is a trainable offset (beta). */
  readonly center: boolean;
  /** Whether there is a trainable factor (gamma). */
  readonly scale: boolean;
  /**
   * "deviation": (x - mean) / sqrt(variance + 0.001), with Keras's epsilon (Ba et al. 2016). "absolute": (x - mean) / (mean |x - mean| + 0.001),
   * kws_streaming's form without a root.
   */
  readonly by: "deviation" | "absolute";
}

const epsilon = 0.001;

/** Layer norm; parameters `path.gamma` and `path.beta` have the sizes of the normalised axes. */
export function layerNorm(builder: GraphBuilder, path: string, x: Value, options: LayerNormOptions): Value {
  const rank = x.type.shape.length;
  const axes = options.axes.map((axis) => (axis < 0 ? axis + rank : axis));
  const mean = (value: Value): Value => builder.op("mean", [value], { axes, keep: true });
  const centred = builder.op("sub", [x, mean(x)]);
  const shifted = (value: Value): Value => builder.op("affine", [value], { scale: 1, offset: epsilon });
  let y =
    options.by === "deviation"
      ? builder.op("mul", [centred, builder.op("rsqrt", [shifted(mean(builder.op("square", [centred])))])])
      : builder.op("div", [centred, shifted(mean(builder.op("abs", [centred])))]);
  const first = Math.min(...axes);
  const shape = x.type.shape.slice(first).map((n, i) => (axes.includes(first + i) ? n : 1));
  if (options.scale) y = builder.op("mul", [y, builder.parameter(`${path}.gamma`, shape, { kind: "ones" })]);
  return options.center ? builder.op("add", [y, builder.parameter(`${path}.beta`, shape, { kind: "zeros" })]) : y;
}
