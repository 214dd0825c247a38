import { invariant } from "../base/errors.js";
import type { Graph, TensorType, Value } from "../graph/types.js";
import type { Program } from "../kernels/program.js";
import { instructions } from "./draft.js";
import { Lowering } from "./lowering.js";
import { planMemory, type Storage } from "./memory.js";
import type { Place } from "./place.js";
import type { TargetWidth } from "./target_width.js";

/** Where a named tensor lies. */
export interface Binding {
  readonly type: TensorType;
  readonly offset: number;
}

/** A graph brought down to kernels over planned memory. */
export interface Lowered {
  readonly program: Program;
  /** Bytes for one thread; each further thread needs `program.ownBytes` more. */
  readonly bytes: number;
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly constants: readonly { readonly offset: number; readonly data: ArrayBufferView }[];
  readonly storages: readonly Storage[];
}

/** Brings a graph down to kernels, instructions and a memory plan. Inputs, outputs, parameters and states are bound by name. */
export function lowerGraph(graph: Graph, width: TargetWidth): Lowered {
  const lowering = new Lowering(width);
  const places = new Map<Value, Place>();
  const named = new Map<string, Place>();
  const bind = (name: string, place: Place): void => {
    invariant(!named.has(name), `two tensors of ${graph.name} are named ${name}`);
    named.set(name, place);
  };
  for (const list of [graph.inputs, graph.parameters, graph.states.map((s) => ({ name: s.name, value: s.input }))])
    for (const { name, value } of list) {
      const place = lowering.fresh(name, value.type, true);
      places.set(value, place);
      bind(name, place);
    }
  const wanted = new Map<Value, Place>();
  const passed: { value: Value; place: Place }[] = [];
  const want = (value: Value, place: Place): void => {
    if (wanted.has(value) || places.has(value)) passed.push({ value, place });
    else wanted.set(value, place);
  };
  for (const s of graph.states) want(s.output, named.get(s.name)!);
  for (const { name, value } of graph.outputs) {
    const place = lowering.fresh(name, value.type, true);
    bind(name, place);
    want(value, place);
  }
  lowering.nodes(graph, places, wanted);
  for (const { value, place } of passed) {
    const from = places.get(value);
    invariant(from, "an output is not made by the graph");
    if (from.storage !== place.storage) lowering.copy(from, place);
  }
  const { bytes, ownBytes } = planMemory(lowering.storages);
  const bindings = new Map<string, Binding>();
  for (const [name, place] of named) bindings.set(name, { type: place.type, offset: place.storage.offset });
  return {
    program: { kernels: lowering.kernels, labels: lowering.labels, instructions: instructions(lowering.drafts), ownBytes },
    bytes,
    bindings,
    constants: lowering.constants.map(({ place, data }) => ({ offset: place.storage.offset, data })),
    storages: lowering.storages,
  };
}
