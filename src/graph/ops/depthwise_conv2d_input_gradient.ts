import { depthwiseInputGradient } from "../../kernels/depthwise.js";
import { geometryOf } from "../convolution.js";
import { depthwise } from "../depthwise_lowering.js";
import { inputGradientRules } from "../input_gradient.js";
import { floatOf } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { sizeOf } from "../types.js";

/** Gradient of depthwise_conv2d with respect to its map. */
export const depthwiseConv2dInputGradient: OpDefinition = {
  name: "depthwise_conv2d_input_gradient",
  documentation: "From dy[B,OH,OW,C] and kernel[kh,kw,C,1]: the gradient of the map, of the attribute inputShape.",
  ...inputGradientRules("depthwise_conv2d"),
  lower: (context) => {
    const [dy, w] = context.inputs;
    const dx = context.outputs[0]!;
    const shape = {
      ...geometryOf(dx.type, w!.type.shape, context.attributes),
      element: floatOf(dy!),
      channels: dx.type.shape[3]!,
    };
    if (shape.strides[0] !== 1 || shape.strides[1] !== 1) {
      const key = `depthwise input gradient ${JSON.stringify(shape)}`;
      context.call(key, () => depthwiseInputGradient(shape, context.lanes), [dy!, w!, dx]);
      return;
    }
    // At stride 1 it is the convolution of dy with the taps turned round.
    const before = [0, 1].map((d) => (shape.kernel[d]! - 1) * shape.dilations[d]! - shape.before[d]!) as [number, number];
    const turned = { ...shape, input: shape.output, output: shape.input, before };
    depthwise(context, turned, true, dy!, w!);
  },
  multiplyAccumulates: ([dy, w]) => sizeOf(dy!.shape) * (w!.shape[0] as number) * (w!.shape[1] as number),
};
