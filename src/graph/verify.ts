import { UserError } from "../base/errors.js";
import { inferTypes } from "./infer.js";
import { type Graph, type Node, type TensorType, typeText, type Value } from "./types.js";

/**
 * Checks that a graph is one: every value is defined once and before its use, types are what the ops give, names are
 * unique, states are set with their own type, and the bodies of nodes are graphs too. Run after every pass and on
 * every graph that was read from a file.
 * @throws UserError that names graph, node and what is wrong
 */
export function verifyGraph(graph: Graph): void {
  verifyWithin(graph, `graph ${graph.name}`);
}

function verifyWithin(graph: Graph, place: string): void {
  const defined = new Set<Value>();
  const ids = new Set<number>();
  const define = (value: Value, where: string): void => {
    if (ids.has(value.id)) fail(where, `value %${value.id} is defined twice`);
    for (const size of value.type.shape)
      if (!Number.isSafeInteger(size) || size < 0) fail(where, `${typeText(value.type)} is not a shape`);
    const time = value.type.time;
    if (time && !(time.axis >= 0 && time.axis < value.type.shape.length)) fail(where, `time axis ${time.axis} does not exist`);
    ids.add(value.id);
    defined.add(value);
  };
  const use = (value: Value | undefined, where: string): void => {
    if (!value || !defined.has(value)) fail(where, `uses value %${value?.id}, which is not defined before`);
  };

  for (const { name, value } of graph.inputs) define(value, `${place}: input ${name}`);
  for (const { name, value } of graph.parameters) define(value, `${place}: parameter ${name}`);
  for (const { name, input } of graph.states) define(input, `${place}: state ${name}`);
  graph.nodes.forEach((node, i) => {
    const where = `${place}: node ${i} (${node.op})`;
    for (const input of node.inputs) use(input, where);
    if (node.body) verifyWithin(node.body, `${where}: body ${node.body.name}`);
    verifyTypes(node, where);
    for (const output of node.outputs) define(output, where);
  });
  for (const state of graph.states) {
    use(state.output, `${place}: state ${state.name}`);
    if (!sameTensor(state.input.type, state.output.type))
      fail(`${place}: state ${state.name}`, `is ${typeText(state.input.type)} and becomes ${typeText(state.output.type)}`);
  }
  for (const { name, value } of graph.outputs) use(value, `${place}: output ${name}`);
  verifyNames(graph, place);
}

function verifyTypes(node: Node, where: string): void {
  let types: TensorType[];
  try {
    types = inferTypes(
      node.op,
      node.inputs.map((v) => v.type),
      node.attributes,
      node.body,
    );
  } catch (error) {
    fail(where, complaint(error));
  }
  if (types.length !== node.outputs.length) fail(where, `has ${node.outputs.length} results and should have ${types.length}`);
  node.outputs.forEach((output, i) => {
    if (!sameTensor(output.type, types[i]))
      fail(where, `result ${i} is ${typeText(output.type)} and should be ${typeText(types[i])}`);
  });
}

/**
 * What an op says about inputs that it cannot take. The rules of the ops rely on the right number of inputs and on
 * attributes that make sense; where a file has others, they stumble with JavaScript's own errors.
 */
function complaint(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (error instanceof TypeError || error instanceof RangeError) return "its inputs or attributes are not those of this op";
  throw error;
}

/** Element type and shape agree. Time axis and quantization are set by passes and are not compared. */
function sameTensor(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((n, i) => n === b.shape[i]);
}

function verifyNames(graph: Graph, place: string): void {
  const lists = { input: graph.inputs, parameter: graph.parameters, state: graph.states, output: graph.outputs };
  for (const [kind, list] of Object.entries(lists)) {
    const seen = new Set<string>();
    for (const { name } of list) {
      if (seen.has(name)) fail(place, `two of its ${kind}s are named ${name}`);
      seen.add(name);
    }
  }
}

function fail(where: string, problem: string): never {
  throw new UserError(`${where}: ${problem}`);
}
