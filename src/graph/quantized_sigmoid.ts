import { UserError } from "../base/errors.js";
import { integerLookupKernel } from "../kernels/integer_lookup.js";
import { integerSigmoidKernel, sigmoidInput, sigmoidTable } from "../kernels/integer_sigmoid.js";
import { sigmoidTable8 } from "../kernels/integer_tables.js";
import type { OpDefinition } from "./op.js";
import { outputType, requireQuantized, scaleOf } from "./quantized.js";
import { sizeOf } from "./types.js";

/** quantized_logistic and quantized_tanh. */
export function sigmoidOp(kind: "logistic" | "tanh"): OpDefinition {
  const fixed = { i8: kind === "logistic" ? [1 / 256, -128] : [1 / 128, 0], i16: [1 / 32768, 0] } as const;
  return {
    name: `quantized_${kind}`,
    documentation:
      `${kind === "logistic" ? "1 / (1 + e^-x)" : "tanh x"} of i8 (gemmlowp's fixed point, as a table) or i16 (interpolated in TFLite's table of 256 values); the output is ` +
      `of the input's type at scale ${kind === "logistic" ? "1/256 and zero point -128" : "1/128"} (i16: 1/32768), which outputScale, outputZeroPoint and outputType must say.`,
    infer: ([x], attributes) => {
      const { zeroPoint } = requireQuantized(x);
      const dtype = x!.dtype as "i8" | "i16";
      if (dtype === "i16" && zeroPoint !== 0) throw new UserError(`the zero point of i16 must be 0, found ${zeroPoint}`);
      const y = outputType(attributes, x!.shape, [dtype]);
      const found = scaleOf(y);
      const [scale, zero] = fixed[dtype];
      if (found.scale !== scale || found.zeroPoint !== zero)
        throw new UserError(
          `the output of ${dtype} has scale ${scale} and zero point ${zero}, found ${found.scale} and ${found.zeroPoint}`,
        );
      return [y];
    },
    lower: (context) => {
      const [x, y] = [context.inputs[0]!, context.outputs[0]!];
      const { scale, zeroPoint } = scaleOf(x.type);
      const size = sizeOf(x.type.shape);
      if (x.type.dtype === "i8") {
        const table = context.constant(sigmoidTable8(kind, scale, zeroPoint));
        return context.call(`integer lookup ${size}`, () => integerLookupKernel(size), [x, table, y]);
      }
      const input = sigmoidInput(scale);
      const make = () => integerSigmoidKernel(kind, size, input);
      context.call(`integer ${kind} ${size} ${JSON.stringify(input)}`, make, [x, context.constant(sigmoidTable()), y]);
    },
  };
}
