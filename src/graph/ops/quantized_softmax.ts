import { UserError } from "../../base/errors.js";
import { integerSoftmaxKernel } from "../../kernels/integer_softmax.js";
import { softmaxTable } from "../../kernels/integer_tables.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { outputType, requireQuantized, scaleOf } from "../quantized.js";
import { type Attributes, sizeOf } from "../types.js";

function betaOf(attributes: Attributes): number {
  const beta = attributes["beta"] === undefined ? 1 : Math.fround(numberOf(attributes, "beta"));
  if (!(beta > 0)) throw new UserError(`beta must be greater than 0, found ${beta}`);
  return beta;
}

/** Shares of the exponentials of integers. */
export const quantizedSoftmax: OpDefinition = {
  name: "quantized_softmax",
  documentation:
    "Softmax over the last axis of i8 in gemmlowp's fixed point, as TFLite's reference kernel and TFLite Micro's portable one; attributes beta (1 unless told), " +
    "outputScale 1/256, outputZeroPoint -128, outputType i8.",
  infer: ([x], attributes) => {
    requireQuantized(x, ["i8"]);
    if (x!.shape.length === 0) throw new UserError("needs an axis");
    betaOf(attributes);
    const y = outputType(attributes, x!.shape, ["i8"]);
    const { scale, zeroPoint } = scaleOf(y);
    if (scale !== 1 / 256 || zeroPoint !== -128)
      throw new UserError(`the output has scale 1/256 and zero point -128, found ${scale} and ${zeroPoint}`);
    return [y];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const columns = x.type.shape.at(-1) as number;
    const rows = sizeOf(x.type.shape) / columns;
    const table = context.constant(softmaxTable(scaleOf(x.type).scale, betaOf(context.attributes)));
    context.call(`integer softmax ${rows} ${columns}`, () => integerSoftmaxKernel(rows, columns), [x, table, y]);
  },
};
