import { UserError } from "../../base/errors.js";
import { geometryOf } from "../convolution.js";
import { contract, floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";
import { gatherPatches, paddedMap, placesOf, tapsOf, writesPatches } from "../implicit_product.js";
import { convolutionTime } from "../time.js";

/** Convolution over time and frequency. */
export const conv2d: OpDefinition = {
  name: "conv2d",
  documentation:
    "x[B,H,W,Ci] with kernel[kh,kw,Ci,Co]; attributes strides, dilations, padding (same as TensorFlow, valid, causal in time, explicit with pads); no bias.",
  time: convolutionTime,
  infer: ([x, w], attributes) => {
    const g = geometryOf(x!, w!.shape, attributes);
    if (x!.shape[3] !== w!.shape[2]) throw new UserError(`the map has ${x!.shape[3]} channels, the kernel takes ${w!.shape[2]}`);
    return [tensor(x!.dtype, [g.batch, ...g.output, w!.shape[3] as number])];
  },
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const [x, w] = node.inputs;
    return [
      needs(0) ? op("conv2d_input_gradient", [dy, w!], { ...node.attributes, inputShape: x!.type.shape }) : undefined,
      needs(1) ? op("conv2d_kernel_gradient", [x!, dy], { ...node.attributes, kernelShape: w!.type.shape }) : undefined,
    ];
  },
  lower: (context) => {
    const [x, w] = context.inputs;
    const g = geometryOf(x!.type, w!.type.shape, context.attributes);
    const channels = x!.type.shape[3] as number;
    const columns = w!.type.shape[3] as number;
    if (writesPatches(g, channels, columns)) {
      const patches = gatherPatches(context, g, x!, channels);
      const depth = g.kernel[0] * g.kernel[1] * channels;
      const rows = [{ size: g.batch * g.output[0] * g.output[1], a: depth, c: columns }];
      const reduction = [{ size: depth, a: 1, b: columns }];
      contract(context, { element: floatOf(x!), rows, reduction, columns }, patches, w!, context.outputs[0]!);
      return;
    }
    const map = paddedMap(context, g, x!, channels);
    const places = placesOf(g, map.size, channels).map((p, i) => ({
      ...p,
      c: [g.output[0] * g.output[1], g.output[1], 1][i]! * columns,
    }));
    const taps = tapsOf(g, map.size, channels).map((t, i) => ({ ...t, b: [g.kernel[1] * channels, channels, 1][i]! * columns }));
    contract(context, { element: floatOf(x!), rows: places, reduction: taps, columns }, map.region, w!, context.outputs[0]!);
  },
  batching: () => ({ sliced: [0], gives: "rows" }),
  multiplyAccumulates: ([, w], [y]) => (sizeOf(y!.shape) / (w!.shape[3] as number)) * sizeOf(w!.shape),
};
