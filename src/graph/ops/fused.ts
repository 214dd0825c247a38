import { UserError } from "../../base/errors.js";
import type { OpDefinition } from "../op.js";
import { broadcastTypes } from "../shapes.js";
import { tensor } from "../types.js";

/** A chain of element-wise ops as one loop; made by passes/fuse.ts, after autodiff. */
export const fused: OpDefinition = {
  name: "fused",
  documentation: "Element-wise nodes (the body) in one loop over the common shape; every output has that shape.",
  infer: (inputs, _, body) => {
    if (!body) throw new UserError("has no body");
    const { shape } = broadcastTypes([
      ...inputs.map((t) => tensor("f32", t.shape)),
      ...body.outputs.map(({ value }) => tensor("f32", value.type.shape)),
    ]);
    return body.outputs.map(({ value }) => tensor(value.type.dtype, shape));
  },
};
