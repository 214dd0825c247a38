import { integerPoolKernel } from "../kernels/integer_pool.js";
import type { OpDefinition } from "./op.js";
import { clampOf, movedType, requireQuantized } from "./quantized.js";
import { poolGeometry } from "./pool.js";
import { poolTime } from "./time.js";

/** quantized_average_pool and quantized_max_pool. */
export function poolOp(kind: "average" | "max"): OpDefinition {
  return {
    name: `quantized_${kind}_pool`,
    documentation:
      `${kind === "max" ? "Largest" : "Mean (rounded to nearest, ties away from zero)"} of the windows of x[B,H,W,C], i8 or i16; places outside the map do not count. ` +
      "Attributes window [height, width], strides, padding, low, high; scale and zero point stay.",
    time: poolTime,
    infer: ([x], attributes) => {
      requireQuantized(x);
      const g = poolGeometry(x!, attributes);
      clampOf(attributes, x!.dtype);
      return [movedType(x!, [g.batch, ...g.output, x!.shape[3] as number])];
    },
    lower: (context) => {
      const [x, y] = [context.inputs[0]!, context.outputs[0]!];
      const { batch, input, output, kernel, strides, before } = poolGeometry(x.type, context.attributes);
      const [low, high] = clampOf(context.attributes, x.type.dtype);
      const channels = x.type.shape[3] as number;
      const spec = { kind, element: x.type.dtype, batch, input, output, window: kernel, strides, before, channels, low, high };
      context.call(`integer pool ${JSON.stringify(spec)}`, () => integerPoolKernel(spec), [x, y]);
    },
  };
}
