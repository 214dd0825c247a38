import { UserError } from "../../base/errors.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";

/** A chain of element-wise ops as one loop; made by passes/fuse.ts, after autodiff. */
export const fused: OpDefinition = {
  name: "fused",
  documentation:
    "Element-wise nodes (the body) in one loop over their common shape. Slices of inputs before them, and concats of their results behind them, are places where the loop reads and writes; results may be added up over all axes but the last (passes/fuse_sums.ts).",
  infer: (inputs, _, body) => {
    if (!body) throw new UserError("has no body");
    if (body.inputs.length !== inputs.length) throw new UserError(`takes ${body.inputs.length} inputs, found ${inputs.length}`);
    return body.outputs.map(({ value }) => tensor(value.type.dtype, value.type.shape));
  },
};
