import { UserError } from "../../base/errors.js";
import { shapeOf } from "../attributes.js";
import { copyStrided } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { stridesOf } from "../shapes.js";
import { transposeTime } from "../time.js";

/** Axes in another order. */
export const transpose: OpDefinition = {
  name: "transpose",
  documentation: "Axis i of the result is axis permutation[i] of x.",
  time: transposeTime,
  infer: ([x], attributes) => {
    const order = shapeOf(attributes, "permutation");
    if ([...order].sort((a, b) => a - b).join() !== x!.shape.map((_, i) => i).join())
      throw new UserError(`permutation [${order.join(",")}] does not name each of ${x!.shape.length} axes once`);
    return [
      movedType(
        x!,
        order.map((axis) => x!.shape[axis]!),
      ),
    ];
  },
  gradient: ({ node, upstream: [dy], op }) => {
    const order = shapeOf(node.attributes, "permutation");
    return [dy && op("transpose", [dy], { permutation: order.map((_, i) => order.indexOf(i)) })];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const strides = stridesOf(x.type.shape);
    const source = { strides: shapeOf(context.attributes, "permutation").map((axis) => strides[axis]!), offset: 0 };
    copyStrided(context, y.type.shape, x, source, y, { strides: stridesOf(y.type.shape), offset: 0 });
  },
};
