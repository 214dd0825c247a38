import { UserError } from "../../base/errors.js";
import { booleanOf, numberOf } from "../attributes.js";
import type { LoopContext, Region } from "../lower.js";
import type { OpDefinition } from "../op.js";
import { readAhead } from "../read_ahead.js";
import { movedType } from "../quantized.js";
import { type Graph, type TensorType, tensor, typeText } from "../types.js";

function expectSame(what: string, wanted: TensorType, found: TensorType): void {
  if (typeText(wanted) !== typeText(found))
    throw new UserError(`${what} of the cell is ${typeText(found)}, it must be ${typeText(wanted)}`);
}

/** The result that holds a state as the cell takes it, step by step; undefined where none does. */
function recordOf(body: Graph, state: number, states: number): number | undefined {
  const found = body.outputs.findIndex(({ value }, i) => i >= states && value === body.inputs[state]!.value);
  return found < 0 ? undefined : found;
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
    const reverse = booleanOf(context.attributes, "reverse");
    const steps = inputs[states]!.type.shape[0]!;
    const [first, last] = reverse ? [steps - 1, 0] : [0, steps - 1];
    // A state that is recorded as the cell takes it lies in its record, and the cell writes it to the record's next step; other states
    // run in the last states' memory, written over in place where the cell's kernels allow it.
    const records = outputs.slice(0, states).map((_, i) => recordOf(body!, i, states));
    records.forEach((record, i) =>
      context.copy(inputs[i]!, record === undefined ? outputs[i]! : context.part(outputs[record]!, first)),
    );
    const walked = Array.from({ length: sequences }, (_, i) => states + i);
    const cell = (
      loop: LoopContext,
      here: (region: Region) => Region,
      next?: (region: Region) => Region,
      afterwards?: (region: Region) => Region,
    ): void => {
      const state = (i: number): Region => (records[i] === undefined ? outputs[i]! : here(outputs[records[i]]!));
      const now = inputs.map((region, i) => (i < states ? state(i) : i < states + sequences ? here(region) : region));
      const wanted = outputs.map((region, i) => {
        if (i >= states) return records.includes(i) ? undefined : here(region);
        return records[i] === undefined || !next ? region : next(outputs[records[i]]!);
      });
      readAhead(loop, body!, walked, (i) => now[i]!, afterwards && ((i) => afterwards(inputs[i]!)));
      loop.graph(body!, now, wanted);
    };
    if (records.every((record) => record === undefined)) {
      const ahead = reverse ? -1 : 1;
      context.loop(steps, reverse, (loop) =>
        cell(
          loop,
          (region) => loop.slice(region),
          undefined,
          (region) => loop.slice(region, ahead),
        ),
      );
      return;
    }
    const [before, after] = reverse ? [1, 0] : [0, 1];
    if (steps > 1)
      context.loop(steps - 1, reverse, (loop) =>
        cell(
          loop,
          (region) => loop.slice(region, before),
          (region) => loop.slice(region, after),
          (region) => loop.slice(region, after),
        ),
      );
    context.loop(1, false, (loop) => cell(loop, (region) => context.part(region, last)));
  },
};
