import { UserError } from "../../base/errors.js";
import { geometryOf } from "../convolution.js";
import { depthwise } from "../depthwise_lowering.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf, tensor } from "../types.js";
import { convolutionTime } from "../time.js";

/** Convolution of each channel with its own taps. */
export const depthwiseConv2d: OpDefinition = {
  name: "depthwise_conv2d",
  documentation: "x[B,H,W,C] with kernel[kh,kw,C,1]; attributes strides, dilations, padding as conv2d; no bias.",
  time: convolutionTime,
  infer: ([x, w], attributes) => {
    const g = geometryOf(x!, w!.shape, attributes);
    if (x!.shape[3] !== w!.shape[2] || w!.shape[3] !== 1)
      throw new UserError(
        `the map has ${x!.shape[3]} channels, the kernel is [${w!.shape.join(",")}]; it must be [kh,kw,channels,1]`,
      );
    return [tensor(x!.dtype, [g.batch, ...g.output, x!.shape[3] as number])];
  },
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined];
    const [x, w] = node.inputs;
    return [
      needs(0) ? op("depthwise_conv2d_input_gradient", [dy, w!], { ...node.attributes, inputShape: x!.type.shape }) : undefined,
      needs(1) ? op("depthwise_conv2d_kernel_gradient", [x!, dy], { ...node.attributes, kernelShape: w!.type.shape }) : undefined,
    ];
  },
  lower: (context) => {
    const [x, w] = context.inputs;
    const shape = {
      ...geometryOf(x!.type, w!.type.shape, context.attributes),
      element: floatOf(x!),
      channels: x!.type.shape[3]!,
    };
    depthwise(context, shape, false, x!, w!);
  },
  batching: () => ({ sliced: [0], gives: "rows" }),
  multiplyAccumulates: ([, w], [y]) => sizeOf(y!.shape) * (w!.shape[0] as number) * (w!.shape[1] as number),
};
