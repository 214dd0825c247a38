import { shapeOf } from "../attributes.js";
import { geometryOf } from "../convolution.js";
import { paddedMap, placesOf, tapsOf } from "../implicit_product.js";
import { contract, floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";

/** Gradient of conv2d with respect to its kernel. */
export const conv2dKernelGradient: OpDefinition = {
  name: "conv2d_kernel_gradient",
  documentation:
    "From x[B,H,W,Ci] and dy[B,OH,OW,Co]: the sum over places of x under each tap times dy, [kh,kw,Ci,Co] (attribute kernelShape).",
  infer: ([x, dy], attributes) => {
    const shape = shapeOf(attributes, "kernelShape");
    geometryOf(x!, shape, attributes);
    return [tensor(dy!.dtype, shape)];
  },
  gradient: ({ node, upstream: [dw], needs, op }) => {
    if (!dw) return [undefined, undefined];
    const [x, dy] = node.inputs;
    const { kernelShape: _, ...attributes } = node.attributes;
    return [
      needs(0) ? op("conv2d_input_gradient", [dy!, dw], { ...attributes, inputShape: x!.type.shape }) : undefined,
      needs(1) ? op("conv2d", [x!, dw], attributes) : undefined,
    ];
  },
  lower: (context) => {
    const [x, dy] = context.inputs;
    const shape = shapeOf(context.attributes, "kernelShape");
    const g = geometryOf(x!.type, shape, context.attributes);
    const channels = shape[2] as number;
    const columns = shape[3] as number;
    const map = paddedMap(context, g, x!, channels);
    const rows = tapsOf(g, map.size, channels).map((t, i) => ({ ...t, c: [g.kernel[1] * channels, channels, 1][i]! * columns }));
    const reduction = placesOf(g, map.size, channels).map((p, i) => ({
      ...p,
      b: [g.output[0] * g.output[1], g.output[1], 1][i]! * columns,
    }));
    contract(context, { element: floatOf(x!), rows, reduction, columns }, map.region, dy!, context.outputs[0]!);
  },
  adds: true,
  batching: () => ({ sliced: [0, 1], gives: "sum" }),
  multiplyAccumulates: ([, dy], [dw]) => (sizeOf(dy!.shape) / (dw!.shape[3] as number)) * sizeOf(dw!.shape),
};
