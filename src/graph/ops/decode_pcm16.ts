import { UserError } from "../../base/errors.js";
import { decodePcm16Kernel } from "../../kernels/decode_pcm16.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";

/** Sound files' samples as numbers. */
export const decodePcm16: OpDefinition = {
  name: "decode_pcm16",
  documentation:
    "pcm[B, N] (i16), counts[B] (i32), samples[B, N] (f32) give [B, N] (f32): the first counts[b] samples of pcm / 32768 and zeros behind them; row b of samples where counts[b] is negative.",
  infer: ([pcm, counts, samples]) => {
    const [batch, length] = pcm!.shape;
    if (pcm!.dtype !== "i16" || pcm!.shape.length !== 2) throw new UserError("takes 16-bit samples of two axes");
    if (counts!.dtype !== "i32" || counts!.shape.length !== 1 || counts!.shape[0] !== batch)
      throw new UserError(`takes a number of samples for each of ${batch} rows`);
    if (samples!.dtype !== "f32" || samples!.shape.join() !== pcm!.shape.join())
      throw new UserError(`takes samples of the shape ${pcm!.shape.join(" x ")}, found ${samples!.shape.join(" x ")}`);
    return [tensor("f32", [batch!, length!])];
  },
  lower: (context) => {
    const [rows, samples] = context.outputs[0]!.type.shape as [number, number];
    const shape = { rows, samples, lanes: context.lanes };
    const regions = [...context.inputs, context.outputs[0]!];
    context.call(`decode_pcm16 ${JSON.stringify(shape)}`, () => decodePcm16Kernel("decode_pcm16", shape), regions);
  },
};
