import { UserError } from "../../base/errors.js";
import { resampleLinearKernel } from "../../kernels/resample_linear.js";
import { numberOf, textOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";

/** Sounds stretched by a factor and moved, each its own. */
export const resampleLinear: OpDefinition = {
  name: "resample_linear",
  documentation:
    "x[B, N], ranges[B, 3] (i32: start, end, offset) and scales[B] give [B, M], M the attribute `samples`: sample i in start..end-1 of a row is " +
    'interpolated between the samples of x about (i + offset) * scale (`coordinates` "legacy") or (i + offset + 0.5) * scale - 0.5 ("half-pixel"); the others are 0. ' +
    "0 <= start, end <= M, and start + offset >= 0.",
  infer: ([x, ranges, scales], attributes) => {
    const [batch] = x!.shape as [number];
    const coordinates = textOf(attributes, "coordinates");
    if (coordinates !== "legacy" && coordinates !== "half-pixel")
      throw new UserError(`coordinates must be "legacy" or "half-pixel", found "${coordinates}"`);
    if (x!.dtype !== "f32" || x!.shape.length !== 2) throw new UserError("takes samples [batch, samples] of f32");
    if (ranges!.dtype !== "i32" || ranges!.shape.join() !== `${batch},3`) throw new UserError(`takes ranges of i32[${batch},3]`);
    if (scales!.dtype !== "f32" || scales!.shape.join() !== `${batch}`) throw new UserError(`takes scales of f32[${batch}]`);
    return [tensor("f32", [batch, numberOf(attributes, "samples")])];
  },
  lower: (context) => {
    const [rows, samples] = context.inputs[0]!.type.shape as [number, number];
    const outputs = numberOf(context.attributes, "samples");
    const coordinates = textOf(context.attributes, "coordinates") as "legacy" | "half-pixel";
    const shape = { rows, samples, outputs, coordinates };
    const regions = [...context.inputs, context.outputs[0]!];
    context.call(`resample_linear ${JSON.stringify(shape)}`, () => resampleLinearKernel("resample_linear", shape), regions);
  },
};
