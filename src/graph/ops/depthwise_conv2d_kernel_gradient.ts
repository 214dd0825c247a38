import { shapeOf } from "../attributes.js";
import { depthwiseKernelGradient, kernelGradientSlices } from "../../kernels/depthwise_kernel_gradient.js";
import { geometryOf } from "../convolution.js";
import { addSlices, floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";

/** Gradient of depthwise_conv2d with respect to its kernel. */
export const depthwiseConv2dKernelGradient: OpDefinition = {
  name: "depthwise_conv2d_kernel_gradient",
  documentation: "From x[B,H,W,C] and dy[B,OH,OW,C]: the gradient of the kernel, of the attribute kernelShape [kh,kw,C,1].",
  infer: ([x], attributes) => {
    const shape = shapeOf(attributes, "kernelShape");
    geometryOf(x!, shape, attributes);
    return [tensor(x!.dtype, shape)];
  },
  gradient: ({ node, upstream: [dw], needs, op }) => {
    if (!dw) return [undefined, undefined];
    const [x, dy] = node.inputs;
    const { kernelShape: _, ...attributes } = node.attributes;
    return [
      needs(0) ? op("depthwise_conv2d_input_gradient", [dy!, dw], { ...attributes, inputShape: x!.type.shape }) : undefined,
      needs(1) ? op("depthwise_conv2d", [x!, dw], attributes) : undefined,
    ];
  },
  lower: (context) => {
    const [x, dy] = context.inputs;
    const kernel = shapeOf(context.attributes, "kernelShape");
    const shape = { ...geometryOf(x!.type, kernel, context.attributes), element: floatOf(x!), channels: x!.type.shape[3]! };
    const key = `depthwise kernel gradient ${JSON.stringify(shape)}`;
    const slices = kernelGradientSlices(shape.batch);
    const size = sizeOf(kernel);
    const to = context.outputs[0]!;
    const sums = slices > 1 ? context.workspace(shape.element, slices * size) : to;
    context.call(key, () => depthwiseKernelGradient(shape, context.lanes), [x!, dy!, sums]);
    if (slices > 1) addSlices(context, shape.element, slices, size, sums, to);
  },
  batching: () => ({ sliced: [0, 1], gives: "sum" }),
  multiplyAccumulates: ([, dy], [dw]) => sizeOf(dy!.shape) * (dw!.shape[0] as number) * (dw!.shape[1] as number),
};
