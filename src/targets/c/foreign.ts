import { UserError } from "../../base/errors.js";
import type { TfliteNetwork } from "../../formats/tflite/read/read.js";
import type { ExportedModel } from "./export.js";

/**
 * A .tflite file's network as a model to export without a front end: its input takes what the file takes, stored as there.
 * @param file name for error messages
 * @throws UserError where it has several inputs, or states that start with other values than zero
 */
export function foreignModel(
  { graph, parameters, states }: TfliteNetwork,
  labels: readonly string[],
  file: string,
): ExportedModel {
  const [input, ...others] = graph.inputs;
  if (!input || others.length > 0) throw new UserError(`${file}: has ${graph.inputs.length} inputs; one can be exported`);
  for (const { name, input: state } of graph.states) {
    const zero = state.type.quantization?.zeroPoint[0] ?? 0;
    if (states.get(name)?.some((v) => v !== zero))
      throw new UserError(`${file}: state ${name} starts with other values than zero, which is not exported`);
  }
  return {
    graph: { ...graph, inputs: [{ ...input, name: "features" }] },
    parameters,
    labels,
    licence: `The weights are those of ${file}, under its licence.`,
  };
}
