import { UserError } from "../../base/errors.js";
import { booleanOf, numberOf } from "../attributes.js";
import type { OpDefinition } from "../op.js";
import { movedType } from "../quantized.js";
import { type TensorType, tensor, typeText } from "../types.js";

function expectSame(what: string, wanted: TensorType, found: TensorType): void {
  if (typeText(wanted) !== typeText(found))
    throw new UserError(`${what} of the cell is ${typeText(found)}, it must be ${typeText(wanted)}`);
}

/** A cell graph repeated over time; its gradient is made by passes/autodiff_scan.ts. */
export const scan: OpDefinition = {
  name: "scan",
  documentation:
    "Initial states, sequences [T, ...] and captured values; the body takes (states, one step of each sequence, captured) and gives (new states, step outputs). Results: the last states, then the step outputs stacked [T, ...]. `reverse` runs from the last step to the first.",
  infer: (inputs, attributes, body) => {
    const states = numberOf(attributes, "states");
    const sequences = numberOf(attributes, "sequences");
    booleanOf(attributes, "reverse");
    if (!body) throw new UserError("has no cell graph");
    if (body.inputs.length !== inputs.length)
      throw new UserError(`the cell takes ${body.inputs.length} values, the scan has ${inputs.length}`);
    const steps = sequences > 0 ? inputs[states]!.shape[0]! : 0;
    if (steps < 1) throw new UserError("needs at least one sequence of at least one step");
    inputs.forEach((type, i) => {
      const isSequence = i >= states && i < states + sequences;
      if (isSequence && type.shape[0] !== steps) throw new UserError(`sequences of ${steps} and ${type.shape[0]} steps`);
      expectSame(`input ${i}`, isSequence ? tensor(type.dtype, type.shape.slice(1)) : type, body.inputs[i]!.value.type);
    });
    for (let i = 0; i < states; i++) expectSame(`state ${i}`, inputs[i]!, body.outputs[i]!.value.type);
    return body.outputs.map(({ value: { type } }, i) => movedType(type, i < states ? type.shape : [steps, ...type.shape]));
  },
  lower: (context) => {
    const { body, inputs, outputs } = context;
    const states = numberOf(context.attributes, "states");
    const sequences = numberOf(context.attributes, "sequences");
    const steps = inputs[states]!.type.shape[0]!;
    // The last states' memory carries the running state, written over in place where the cell's kernels allow it.
    const running = outputs.slice(0, states);
    running.forEach((region, i) => context.copy(inputs[i]!, region));
    context.loop(steps, booleanOf(context.attributes, "reverse"), (loop) => {
      const now = inputs.map((region, i) => (i < states ? running[i]! : i < states + sequences ? loop.slice(region) : region));
      const wanted = outputs.map((region, i) => (i < states ? region : loop.slice(region)));
      loop.graph(body!, now, wanted);
    });
  },
};
