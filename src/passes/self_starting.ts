import { GraphBuilder } from "../graph/builder.js";
import { type Graph, type Parameter, type ParameterData, type State, tensor, type Value } from "../graph/types.js";
import { verifyGraph } from "../graph/verify.js";
import { copyNodes } from "./clone.js";

/** A graph with the contents of its parameters. */
interface Filled {
  readonly graph: Graph;
  readonly parameters: ReadonlyMap<string, ParameterData>;
}

/** Name of the state that counts steps. */
const counterName = "stream.step";

/**
 * A stream's step that sets its states back by itself: it counts its runs, and before the step that `starts` gives (from 0) it takes a
 * state's first value, zeros or the zero point, instead of what the state holds. The count ends behind the last of these steps.
 * @param starts step before which each state is set back, by name; 0 and names that are missing: never after the beginning
 */
export function startingByItself({ graph, parameters }: Filled, starts: ReadonlyMap<string, number>): Filled {
  const steps = [...new Set(starts.values())].filter((start) => start > 0).toSorted((a, b) => a - b);
  const last = steps.at(-1);
  if (last === undefined) return { graph, parameters };
  const builder = new GraphBuilder(graph.name);
  const values = new Map<Value, Value>();
  const contents = new Map(parameters);
  for (const { name, value } of graph.inputs) values.set(value, builder.input(name, value.type));
  for (const parameter of graph.parameters) values.set(parameter.value, builder.adopt(parameter));
  const states = graph.states.map((state) => ({ state, input: builder.state(state.name, state.input.type) }));
  const whole = (name: string, number: number): Value => {
    contents.set(name, Int32Array.of(number));
    return builder.adopt(wholeNumber(name));
  };
  const count = builder.state(counterName, tensor("i32", [1]));
  const next = builder.op("add", [count, whole(`${counterName}.one`, 1)]);
  builder.setState(count, builder.op("minimum", [next, whole(`${counterName}.end`, last + 1)]));
  const isStep = new Map(steps.map((step) => [step, builder.op("equal", [count, whole(`${counterName}.${step}`, step)])]));
  for (const { state, input } of states) {
    const starting = isStep.get(starts.get(state.name) ?? 0);
    values.set(state.input, starting ? builder.op("select", [starting, firstValue(builder, state, input), input]) : input);
  }
  copyNodes(builder, graph.nodes, values);
  for (const { state, input } of states) builder.setState(input, values.get(state.output) as Value);
  for (const { name, value } of graph.outputs) builder.output(name, values.get(value) as Value);
  const made = builder.finish();
  verifyGraph(made);
  return { graph: made, parameters: contents };
}

function wholeNumber(name: string): Parameter {
  return { name, value: { id: 0, type: tensor("i32", [1]) }, initializer: { kind: "zeros" }, trainable: false };
}

/** One element, which stands for all. */
function firstValue(builder: GraphBuilder, { input }: State, like: Value): Value {
  const { dtype, shape, quantization } = input.type;
  const integers = quantization && {
    outputScale: quantization.scale[0] as number,
    outputZeroPoint: quantization.zeroPoint[0] as number,
    outputType: dtype,
  };
  return builder.op("zeros", [like], { shape: shape.map(() => 1), ...integers });
}
