import { UserError } from "../../base/errors.js";
import { binary, constant, select as choose } from "../../kernels/language.js";
import { reduceTo } from "../gradients.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { broadcastTypes } from "../shapes.js";
import { tensor } from "../types.js";

/** a where the condition is not 0, else b, with broadcasting. */
export const select: OpDefinition = {
  name: "select",
  documentation:
    "a where the condition (f32, f64 or i32) is not 0, else b; a and b have one type and, of integers, one quantization; shapes broadcast from the right.",
  infer: ([condition, a, b]) => {
    if (!["f32", "f64", "i32"].includes(condition!.dtype))
      throw new UserError(`takes a condition of f32, f64 or i32, found ${condition!.dtype}`);
    if (JSON.stringify(a!.quantization) !== JSON.stringify(b!.quantization))
      throw new UserError("chooses between values of different quantizations; bring them to one first");
    const { dtype } = a!;
    const { shape } = broadcastTypes([tensor(dtype, condition!.shape), tensor(dtype, a!.shape), tensor(b!.dtype, b!.shape)]);
    return [movedType(a!, shape)];
  },
  expression: (_, [condition, a, b]) => choose(binary("ne", condition!, constant(condition!.type, 0, condition!.lanes)), a!, b!),
  gradient: ({ node, upstream: [dy], needs, op }) => {
    if (!dy) return [undefined, undefined, undefined];
    const [condition, a, b] = node.inputs;
    const none = op("zeros", [dy], { shape: dy.type.shape });
    return [
      undefined,
      needs(1) ? reduceTo(op, op("select", [condition!, dy, none]), a!.type.shape) : undefined,
      needs(2) ? reduceTo(op, op("select", [condition!, none, dy]), b!.type.shape) : undefined,
    ];
  },
};
