import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import { copyStrided } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { tensor } from "../types.js";

/** A row with its ends mirrored, as numpy's pad with mode "reflect". */
export const mirror: OpDefinition = {
  name: "mirror",
  documentation:
    "x [B, n] with its elements `before` to 1 before it and its elements n - 2 to n - 1 - `after` after it: mirrored at its ends, which are not repeated.",
  infer: ([x], attributes) => {
    const [rows, n] = x!.shape as [number, number];
    const [before, after] = [numberOf(attributes, "before"), numberOf(attributes, "after")];
    for (const count of [before, after])
      if (!Number.isInteger(count) || count < 0 || count >= n)
        throw new UserError(`${n} elements can be mirrored 0 to ${n - 1} times, found ${count}`);
    if (x!.shape.length !== 2) throw new UserError(`mirrors rows [B, n], found ${x!.shape.length} axes`);
    return [tensor(x!.dtype, [rows, before + n + after])];
  },
  lower: (context) => {
    const [x, y] = [context.inputs[0]!, context.outputs[0]!];
    const [rows, n] = x.type.shape as [number, number];
    const [before, after] = [numberOf(context.attributes, "before"), numberOf(context.attributes, "after")];
    const total = before + n + after;
    const part = (count: number, from: number, step: number, to: number): void => {
      if (count === 0) return;
      const source = { strides: [n, step], offset: from };
      copyStrided(context, [rows, count], x, source, y, { strides: [total, 1], offset: to });
    };
    part(before, before, -1, 0);
    part(n, 0, 1, before);
    part(after, n - 2, -1, before + n);
  },
};
