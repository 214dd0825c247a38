import { UserError } from "../../base/errors.js";
import { unroll } from "../../passes/unroll.js";
import { TfliteEmitter } from "./emitter.js";
import type { TfliteStates } from "./export.js";
import { firstValues } from "./first_values.js";
import { lowerGraph } from "./lower_graph.js";
import { kindOfValue } from "./lowering.js";
import { metadataEntries, type TfliteMetadata } from "./metadata.js";
import type { TfliteNetwork } from "./read/read.js";
import { assignStates, initialisationOf, readStates } from "./resource_states.js";
import { serializeTflite } from "./serialize.js";

/**
 * A network that was read from a .tflite file as one again, with its states where they are asked for: in resource variables, as further
 * inputs and outputs (`<name>`, `<name>_next`), or zeros in every run.
 * @param metadata what earshot wrote into the file, if it did
 * @param file name for error messages
 * @throws UserError where an operator cannot be written, or states that are not kept in the file start with other values than zero
 */
export function exportNetwork(
  { graph: read, parameters, states: first }: TfliteNetwork,
  states: TfliteStates,
  metadata: TfliteMetadata | undefined,
  file: string,
): Uint8Array {
  const graph = unroll(read);
  const emitter = new TfliteEmitter();
  const inputs = graph.inputs.map(({ name, value }) => {
    const { type, quantization } = kindOfValue(value);
    return { name, tensor: emitter.tensor(name, value.type.shape, type, undefined, quantization) };
  });
  if (states !== "resource")
    for (const { name, input } of graph.states)
      if (first.get(name)?.join() !== firstValues(input.type).join())
        throw new UserError(`${file}: state ${name} starts with other values than zero, which only --states resource keeps`);
  const kept = states === "resource" ? readStates(graph, emitter) : [];
  const carried =
    states !== "external"
      ? []
      : graph.states.map(({ name, input }) => {
          const { type, quantization } = kindOfValue(input);
          return { name, tensor: emitter.tensor(name, input.type.shape, type, undefined, quantization) };
        });
  const tensors = (list: readonly { name: string; tensor: number }[]) => new Map(list.map((s) => [s.name, s.tensor]));
  const lowered = lowerGraph(graph, parameters, tensors(inputs), tensors([...kept, ...carried]), emitter);
  const outputs = graph.outputs.map(({ name }) => ({ name, tensor: lowered.outputs.get(name) as number }));
  for (const { name } of carried) outputs.push({ name: `${name}_next`, tensor: lowered.states.get(name) as number });
  assignStates(kept, lowered.states, emitter);
  const content = emitter.finish(
    "Keyword spotter read and written again by earshot",
    [...inputs, ...carried],
    outputs,
    metadata ? metadataEntries(metadata) : new Map(),
    states === "resource" ? initialisationOf(graph, first) : undefined,
  );
  return serializeTflite(content);
}
