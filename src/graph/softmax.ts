import { softmaxKernel } from "../kernels/softmax.js";
import { floatOf } from "./lowering.js";
import type { OpDefinition } from "./op.js";
import { sameAsInput } from "./shapes.js";
import { sizeOf, type Value } from "./types.js";

/** What softmax and its logarithm have in common; both go over the last axis. */
export function softmaxRules(name: string, logarithm: boolean): Pick<OpDefinition, "name" | "infer" | "batching" | "lower"> {
  return {
    name,
    infer: (inputs) => [sameAsInput(inputs)],
    batching: ([x]) => (x!.shape.length > 1 ? { sliced: [0], gives: "rows" } : undefined),
    lower: (context) => {
      const x = context.inputs[0] as Value;
      const columns = x.type.shape[x.type.shape.length - 1]!;
      const rows = sizeOf(x.type.shape) / columns;
      const element = floatOf(x);
      const make = () => softmaxKernel(element, rows, columns, logarithm);
      context.call(`${name} ${element} ${rows} ${columns}`, make, [x, context.outputs[0]!]);
    },
  };
}
