import { shapeOf } from "./attributes.js";
import { geometryOf } from "./convolution.js";
import type { OpDefinition } from "./op.js";
import { tensor } from "./types.js";

/**
 * What the gradient of a convolution with respect to its map has in common for both kinds of convolution: its type is the attribute
 * inputShape, its own gradients are the convolution and its kernel gradient, and it goes through in parts of the batch.
 * @param convolution name of the op, "conv2d" or "depthwise_conv2d"
 */
export function inputGradientRules(convolution: string): Pick<OpDefinition, "infer" | "gradient" | "batching"> {
  return {
    infer: ([dy, w], attributes) => {
      const type = tensor(dy!.dtype, shapeOf(attributes, "inputShape"));
      geometryOf(type, w!.shape, attributes);
      return [type];
    },
    gradient: ({ node, upstream: [dx], needs, op }) => {
      if (!dx) return [undefined, undefined];
      const [dy, w] = node.inputs;
      const { inputShape: _, ...attributes } = node.attributes;
      return [
        needs(0) ? op(convolution, [dx, w!], attributes) : undefined,
        needs(1) ? op(`${convolution}_kernel_gradient`, [dx, dy!], { ...attributes, kernelShape: w!.type.shape }) : undefined,
      ];
    },
    batching: (_, __, attributes) => ({
      sliced: [0],
      gives: "rows",
      attributes: (rows) => ({ ...attributes, inputShape: [rows, ...shapeOf(attributes, "inputShape").slice(1)] }),
    }),
  };
}
