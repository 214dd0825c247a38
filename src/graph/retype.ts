import { UserError } from "../base/errors.js";
import { inferTypes } from "./infer.js";
import { type Graph, type Node, type TensorType, typeText, type Value } from "./types.js";

/** New shapes for inputs, and for states where they do not follow from the batch, by name. */
export interface RetypeShapes {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly states?: Readonly<Record<string, readonly number[]>>;
}

/**
 * The same graph for inputs of other shapes: another batch, another clip length. Parameters keep their shapes. A
 * state whose first dimension is the old batch follows the new one.
 * @throws UserError where a node does not fit the new shapes; it names the parameter that would have to change
 */
export function retype(graph: Graph, shapes: RetypeShapes): Graph {
  for (const name of Object.keys(shapes.inputs))
    if (!graph.inputs.some((i) => i.name === name)) throw new UserError(`graph ${graph.name} has no input ${name}`);
  const inputTypes = graph.inputs.map(({ name, value }) => reshaped(value.type, shapes.inputs[name]));
  const stateTypes = graph.states.map(({ name, input }) =>
    reshaped(input.type, shapes.states?.[name] ?? stateShape(input.type.shape, graph, inputTypes)),
  );
  return retypeWith(graph, inputTypes, stateTypes);
}

function reshaped(type: TensorType, shape: readonly number[] | undefined): TensorType {
  return shape === undefined ? type : { ...type, shape: [...shape] };
}

/** The state's shape with the old batch (first dimension of the first input) replaced by the new one. */
function stateShape(shape: readonly number[], graph: Graph, inputTypes: readonly TensorType[]): readonly number[] {
  const before = graph.inputs[0]?.value.type.shape[0];
  const after = inputTypes[0]?.shape[0];
  return before === undefined || after === undefined || shape[0] !== before ? shape : [after, ...shape.slice(1)];
}

function retypeWith(graph: Graph, inputTypes: readonly TensorType[], stateTypes: readonly TensorType[]): Graph {
  const values = new Map<Value, Value>();
  const set = (value: Value, type: TensorType): Value => {
    const renewed = { id: value.id, type };
    values.set(value, renewed);
    return renewed;
  };
  const get = (value: Value): Value => values.get(value) as Value;

  const inputs = graph.inputs.map(({ name, value }, i) => ({ name, value: set(value, inputTypes[i]) }));
  const parameters = graph.parameters.map((p) => ({ ...p, value: set(p.value, p.value.type) }));
  const stateInputs = graph.states.map(({ input }, i) => set(input, stateTypes[i]));
  const nodes = graph.nodes.map((node): Node => {
    const nodeInputs = node.inputs.map(get);
    const types = nodeInputs.map((v) => v.type);
    try {
      const body = node.body && retypeWith(node.body, bodyInputTypes(node, types), []);
      const results = inferTypes(node.op, types, node.attributes, body);
      return { ...node, inputs: nodeInputs, outputs: node.outputs.map((v, i) => set(v, results[i])), ...(body ? { body } : {}) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(misfit(graph, node, error.message), { cause: error });
    }
  });
  const states = graph.states.map(({ name, output }, i) => {
    const before = stateInputs[i];
    const after = get(output);
    if (before.type.shape.join() !== after.type.shape.join())
      throw new UserError(
        `graph ${graph.name}: state ${name} is ${typeText(before.type)} and would become ${typeText(after.type)}; give its shape`,
      );
    return { name, input: before, output: after };
  });
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: get(value) }));
  return { name: graph.name, inputs, parameters, states, nodes, outputs };
}

/** What the body of a node is given: for scan, sequences lose their first axis. */
function bodyInputTypes(node: Node, types: readonly TensorType[]): TensorType[] {
  if (node.op !== "scan") return [...types];
  const states = Number(node.attributes.states);
  const sequences = Number(node.attributes.sequences);
  const body = node.body as Graph;
  return types.map((type, i) => {
    const isSequence = i >= states && i < states + sequences;
    return { ...body.inputs[i].value.type, shape: isSequence ? type.shape.slice(1) : type.shape };
  });
}

function misfit(graph: Graph, node: Node, problem: string): string {
  const parameter = dependentParameter(graph, node);
  const depends = parameter
    ? `; parameter ${parameter.name} ${typeText(parameter.value.type)} was made for the former shape and would have to change`
    : "";
  return `graph ${graph.name} cannot take these shapes: ${problem}${depends}`;
}

/** The first parameter that meets what the node computes: its own, or that of the next node downstream that has one. */
function dependentParameter(graph: Graph, node: Node) {
  const reached = new Set<Value>();
  for (const candidate of graph.nodes.slice(graph.nodes.indexOf(node))) {
    if (candidate !== node && !candidate.inputs.some((v) => reached.has(v))) continue;
    const parameter = graph.parameters.find((p) => candidate.inputs.includes(p.value));
    if (parameter) return parameter;
    for (const output of candidate.outputs) reached.add(output);
  }
  return undefined;
}
