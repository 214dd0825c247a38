import { UserError } from "../../base/errors.js";
import { frameKernel } from "../../kernels/frame.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { type Attributes } from "../types.js";
import { frameTime } from "../time.js";

/** Length and hop of frames, and how many whole ones `samples` hold. */
export function framing(samples: number, attributes: Attributes): { length: number; hop: number; frames: number } {
  const length = numberOf(attributes, "length");
  const hop = numberOf(attributes, "hop");
  if (!Number.isInteger(length) || length < 1)
    throw new UserError(`the length of a frame must be 1 or more samples, found ${length}`);
  if (!Number.isInteger(hop) || hop < 1) throw new UserError(`the hop must be 1 or more samples, found ${hop}`);
  if (samples < length) throw new UserError(`${samples} samples are fewer than one frame of ${length}`);
  return { length, hop, frames: 1 + Math.floor((samples - length) / hop) };
}

/** Cuts rows of samples into frames. */
export const frame: OpDefinition = {
  name: "frame",
  documentation:
    "x[B, N] cut into frames of `length` samples every `hop`, the first at sample 0, whole ones only: [B, T, length].",
  time: frameTime,
  infer: ([x], attributes) => {
    if (x?.shape.length !== 2) throw new UserError(`takes [batch, samples], found ${x?.shape.length} axes`);
    const { length, frames } = framing(x.shape[1]!, attributes);
    return [movedType(x, [x.shape[0]!, frames, length])];
  },
  gradient: ({ node, upstream: [dy], op }) => {
    if (!dy) return [undefined];
    return [op("overlap_add", [dy], { hop: numberOf(node.attributes, "hop"), samples: node.inputs[0]!.type.shape[1]! })];
  },
  lower: (context) => {
    const { type } = context.inputs[0]!;
    const [batch, samples] = type.shape as [number, number];
    const shape = { batch, samples, ...framing(samples, context.attributes), element: type.dtype, lanes: context.lanes };
    context.call(`frame ${JSON.stringify(shape)}`, () => frameKernel("frame", shape), [context.inputs[0]!, context.outputs[0]!]);
  },
};
