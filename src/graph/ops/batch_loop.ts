import { UserError } from "../../base/errors.js";
import { numberOf } from "../attributes.js";
import { addInto, fillZeros } from "../lowering.js";
import type { OpDefinition } from "../op.js";
import { readAhead } from "../read_ahead.js";
import { type TensorType, tensor, typeText } from "../types.js";

/**
 * A body graph for a part of a batch, run for one part after another. Made by passes/tile_batch.ts, so that what a part needs
 * stays in a core's cache from op to op; it has no gradient.
 */
export const batchLoop: OpDefinition = {
  name: "batch_loop",
  documentation:
    "The first `sliced` inputs are batches [B, ...], the others are captured. The body takes B / `parts` rows of each batch, and the captured values. Of its results, the first `rows` are rows of the batch, stacked again to [B, ...]; the next `sums` are added up over the parts of a group, [`groups`, ...]; the others are kept for each part, [`parts`, ...].",
  infer: (inputs, attributes, body) => {
    const { parts, groups, sliced, rows, sums } = settingsOf(attributes);
    if (!body) throw new UserError("has no body graph");
    if (body.inputs.length !== inputs.length)
      throw new UserError(`the body takes ${body.inputs.length} values, the loop has ${inputs.length}`);
    if (groups < 1 || groups > parts) throw new UserError(`${parts} parts in ${groups} groups`);
    const expect = (i: number, wanted: TensorType): void => {
      const found = body.inputs[i]!.value.type;
      if (typeText(wanted) !== typeText(found))
        throw new UserError(`input ${i} of the body is ${typeText(found)}, it must be ${typeText(wanted)}`);
    };
    inputs.forEach((type, i) => {
      const [batch, ...rest] = type.shape;
      if (i >= sliced) return expect(i, type);
      if (batch === undefined || batch % parts !== 0) throw new UserError(`${typeText(type)} in ${parts} parts`);
      expect(i, tensor(type.dtype, [batch / parts, ...rest]));
    });
    return body.outputs.map(({ value: { type } }, i) => {
      const [first = 1, ...rest] = type.shape;
      if (i < rows) return tensor(type.dtype, [first * parts, ...rest]);
      return tensor(type.dtype, [i < rows + sums ? groups : parts, ...type.shape]);
    });
  },
  lower: (context) => {
    const { inputs, outputs } = context;
    const { parts, groups, sliced, rows, sums } = settingsOf(context.attributes);
    const isSum = (i: number): boolean => i >= rows && i < rows + sums;
    context.batchLoop(
      groups,
      parts,
      (group) => outputs.forEach((region, i) => isSum(i) && fillZeros(context, group.slice(region))),
      (part) => {
        const now = inputs.map((region, i) => (i < sliced ? part.rows(region) : region));
        readAhead(
          part,
          context.body!,
          Array.from({ length: sliced }, (_, i) => i),
          (i) => now[i]!,
          (i) => part.rows(inputs[i]!, 1),
        );
        const adds = outputs.map((_, i) => isSum(i) && part.adds(context.body!, i));
        const wanted = outputs.map((region, i) => {
          if (isSum(i)) return adds[i] ? { ...part.slice(region), adds: true } : undefined;
          return i < rows ? part.rows(region) : part.row(region);
        });
        const results = part.graph(context.body!, now, wanted);
        outputs.forEach((region, i) => isSum(i) && !adds[i] && addInto(context, results[i]!, part.slice(region)));
      },
    );
  },
};

function settingsOf(attributes: Parameters<OpDefinition["infer"]>[1]) {
  return {
    parts: numberOf(attributes, "parts"),
    groups: numberOf(attributes, "groups"),
    sliced: numberOf(attributes, "sliced"),
    rows: numberOf(attributes, "rows"),
    sums: numberOf(attributes, "sums"),
  };
}
