import { UserError } from "../../base/errors.js";
import { overlapAddKernel } from "../../kernels/frame.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";
import { framing } from "./frame.js";

/** Adds frames at their places: the transpose of `frame`, and its gradient. */
export const overlapAdd: OpDefinition = {
  name: "overlap_add",
  documentation: "Frames [B, T, length], one every `hop` samples, added up to [B, samples]; the gradient of frame.",
  infer: ([x], attributes) => {
    if (x?.shape.length !== 3) throw new UserError(`takes [batch, frames, length], found ${x?.shape.length} axes`);
    const [batch, frames, length] = x.shape as [number, number, number];
    const samples = numberOf(attributes, "samples");
    const wanted = framing(samples, { ...attributes, length }).frames;
    if (wanted !== frames) throw new UserError(`${samples} samples hold ${wanted} frames of ${length}, found ${frames}`);
    return [tensor(x.dtype, [batch, samples])];
  },
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    return [op("frame", [dy], { hop: numberOf(node.attributes, "hop"), length: node.inputs[0]!.type.shape[2]! })];
  },
  lower: (context) => {
    const { type } = context.inputs[0]!;
    const [batch, frames, length] = type.shape as [number, number, number];
    const { attributes, lanes } = context;
    const samples = numberOf(attributes, "samples");
    const shape = { batch, samples, frames, length, hop: numberOf(attributes, "hop"), element: type.dtype, lanes };
    const key = `overlap_add ${JSON.stringify(shape)}`;
    context.call(key, () => overlapAddKernel("overlap_add", shape), [context.inputs[0]!, context.outputs[0]!]);
  },
};
