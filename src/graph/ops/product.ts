import { UserError } from "../../base/errors.js";
import type { OpDefinition } from "../op.js";
import { typeText } from "../types.js";

/** A product with the element-wise nodes behind it, which are computed while the sums are in registers; made by passes/fuse_products.ts, after autodiff. */
export const product: OpDefinition = {
  name: "product",
  documentation:
    "The body's first node is a product (dense, a convolution, a depthwise one, a gradient of them), the others are element-wise over its result's shape; their operands have that shape, its last axis alone, or one element. Within a batch_loop, results may be added up over all axes but the last.",
  infer: (inputs, _, body) => {
    if (!body) throw new UserError("has no body");
    if (body.inputs.length !== inputs.length)
      throw new UserError(`the body takes ${body.inputs.length} values, found ${inputs.length}`);
    inputs.forEach((type, i) => {
      const wanted = body.inputs[i]!.value.type;
      if (typeText(wanted) !== typeText(type))
        throw new UserError(`input ${i} of the body is ${typeText(wanted)}, found ${typeText(type)}`);
    });
    return body.outputs.map(({ value }) => value.type);
  },
};
