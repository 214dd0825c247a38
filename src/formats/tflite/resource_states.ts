import type { Graph, ParameterData } from "../../graph/types.js";
import type { TfliteContent } from "./content.js";
import { TfliteEmitter } from "./emitter.js";
import { firstValues } from "./first_values.js";
import { kindOfValue } from "./lowering.js";

/** A state that the file keeps in a resource variable. */
export interface ResourceState {
  readonly name: string;
  /** What it holds when a run begins. */
  readonly tensor: number;
  /** Its handle. */
  readonly handle: number;
}

function handleOf(emitter: TfliteEmitter, name: string): number {
  const handle = emitter.tensor(name, [], "resource");
  emitter.operator("VAR_HANDLE", [], [handle], ["VarHandle", { container: "", sharedName: name }]);
  return handle;
}

/** The operators that a run begins with: the variables get their first values at the first run, and are read. */
export function readStates(graph: Graph, emitter: TfliteEmitter): ResourceState[] {
  if (graph.states.length === 0) return [];
  emitter.operator("CALL_ONCE", [], [], ["CallOnce", { subgraph: 1 }]);
  const handles = graph.states.map(({ name }) => handleOf(emitter, name));
  return graph.states.map(({ name, input }, i) => {
    const { type, quantization } = kindOfValue(input);
    const tensor = emitter.tensor(`${name}/read`, input.type.shape, type, undefined, quantization);
    const handle = handles[i] as number;
    emitter.operator("READ_VARIABLE", [handle], [tensor]);
    return { name, tensor, handle };
  });
}

/** The operators that a run ends with: the variables get their new values, by their states' names. */
export function assignStates(
  states: readonly ResourceState[],
  values: ReadonlyMap<string, number>,
  emitter: TfliteEmitter,
): void {
  for (const { name, tensor, handle } of states) {
    const value = values.get(name) as number;
    if (value !== tensor) emitter.operator("ASSIGN_VARIABLE", [handle, value], []);
  }
}

/**
 * The subgraph that CALL_ONCE runs: every variable is assigned its first value.
 * @param given first values that are not zeros, by the states' names
 */
export function initialisationOf(
  graph: Graph,
  given: ReadonlyMap<string, ParameterData> = new Map(),
): TfliteContent["initialisation"] {
  if (graph.states.length === 0) return undefined;
  const emitter = new TfliteEmitter();
  for (const { name, input } of graph.states) {
    const { type, quantization } = kindOfValue(input);
    const { buffer, byteOffset, byteLength } = given.get(name) ?? firstValues(input.type);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const value = emitter.tensor(`${name}/first`, input.type.shape, type, bytes, quantization);
    emitter.operator("ASSIGN_VARIABLE", [handleOf(emitter, name), value], []);
  }
  const { tensors, operators } = emitter.finish("", [], [], new Map());
  return { tensors, operators };
}
