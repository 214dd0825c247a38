import { UserError } from "../../base/errors.js";
import { microBandsKernel, microWorkspace } from "../../kernels/micro_bands.js";
import { type MicroLayout, microTables } from "../../kernels/micro_tables.js";
import { numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { frameTime } from "../time.js";
import { type Attributes, type TensorType, tensor } from "../types.js";
import { framing } from "./frame.js";

function layoutOf(x: TensorType, attributes: Attributes): MicroLayout & { frames: number; hop: number } {
  if (x.shape.length !== 2) throw new UserError(`takes [batch, samples], found ${x.shape.length} axes`);
  const { length, hop, frames } = framing(x.shape[1]!, attributes);
  const points = 2 ** Math.ceil(Math.log2(length));
  if (points < 32 || points > 2048)
    throw new UserError(`frames of ${length} samples need ${points} points; the transform has 32 to 2048`);
  const [rate, bands, lower, upper] = ["rate", "bands", "lower", "upper"].map((name) => numberOf(attributes, name)) as number[];
  if (!(Number.isInteger(bands) && bands! >= 1 && bands! <= 256)) throw new UserError(`bands must be 1 to 256, found ${bands}`);
  if (!(lower! >= 0 && lower! < upper! && upper! < rate! / 2))
    throw new UserError(`edges of ${lower} and ${upper} Hz do not rise from 0 to below half the rate of ${rate} Hz`);
  return { rate: rate!, window: length, points, bands: bands!, lower: lower!, upper: upper!, frames, hop };
}

/** The first half of TensorFlow's integer micro front end. */
export const microBands: OpDefinition = {
  name: "micro_bands",
  documentation:
    "Samples [B, N] in [-1, 1) to magnitudes of mel bands [B, T, bands], whole numbers: {rate, length, hop, bands, lower, upper}, with the bits of TensorFlow's " +
    "micro front end (tensorflow/lite/experimental/microfrontend): window of 12 bits, FFT of 16 bits, root of the weighted power.",
  time: frameTime,
  infer: ([x], attributes) => {
    const { frames, bands } = layoutOf(x!, attributes);
    return [tensor("f32", [x!.shape[0]!, frames, bands])];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const layout = layoutOf(x.type, context.attributes);
    const [batch, samples] = x.type.shape as [number, number];
    const { frames, hop, bands, window: length } = layout;
    const shape = { batch, samples, frames, length, hop, half: layout.points / 2, bands };
    const t = microTables(layout);
    const tables = [t.window, t.places, t.cosines, t.sines, t.superCosines, t.superSines, t.starts, t.weights, t.unweights];
    context.call(`micro_bands ${JSON.stringify(shape)}`, () => microBandsKernel(shape), [
      x,
      ...tables.map((table) => context.constant(table)),
      context.workspace("i32", microWorkspace(shape)),
      y,
    ]);
  },
};
