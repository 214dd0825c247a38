import { shapeOf } from "../../graph/attributes.js";
import { movedType } from "../../graph/quantized.js";
import type { Graph, Node, State, Value } from "../../graph/types.js";

/** The attribute of a concat that drops as many of its first input's oldest rows as its second has. */
export const shifts = "shifts";

/**
 * A ring that is only read together with the newest rows (state, new -> window -> state without its oldest rows) becomes a state of the
 * window's length that is shifted where it lies. Such concats are the C library's alone.
 */
export function residentRings(graph: Graph): Graph {
  let nodes = [...graph.nodes];
  const states = graph.states.map((state) => {
    const ring = ringOf(graph, nodes, state);
    if (!ring) return state;
    const { concat, slice } = ring;
    const window = concat.outputs[0]!;
    const input: Value = { id: state.input.id, type: movedType(window.type, window.type.shape) };
    const shifted: Node = { ...concat, inputs: [input, concat.inputs[1]!], attributes: { ...concat.attributes, [shifts]: true } };
    nodes = nodes.filter((n) => n !== slice).map((n) => (n === concat ? shifted : n));
    return { ...state, input, output: window };
  });
  return { ...graph, nodes, states };
}

function ringOf(graph: Graph, nodes: readonly Node[], { input, output }: State): { concat: Node; slice: Node } | undefined {
  const uses = (value: Value): Node[] => nodes.filter((n) => n.inputs.includes(value));
  const [concat, ...others] = uses(input);
  if (concat?.op !== "concat" || others.length > 0 || concat.inputs.length !== 2 || concat.inputs[0] !== input) return undefined;
  const window = concat.outputs[0]!;
  const slice = nodes.find((n) => n.outputs[0] === output);
  const isShared = graph.states.filter((s) => s.output === output || s.output === window).length > 1;
  const isOutput = graph.outputs.some((o) => o.value === output || o.value === window);
  if (slice?.op !== "slice" || slice.inputs[0] !== window || uses(output).length > 0 || isShared || isOutput) return undefined;
  // The rows lie one after another: all axes before that of the concat have one element.
  const axis = Number(concat.attributes["axis"]);
  const { shape } = window.type;
  if (axis < 0 || shape.slice(0, axis).some((n) => n !== 1)) return undefined;
  const added = concat.inputs[1]!.type.shape[axis]!;
  const [begin, strides] = [shapeOf(slice.attributes, "begin"), shapeOf(slice.attributes, "strides")];
  const dropsOldest = begin.every((from, i) => from === (i === axis ? added : 0)) && strides.every((s) => s === 1);
  return dropsOldest && output.type.shape.join() === input.type.shape.join() ? { concat, slice } : undefined;
}
