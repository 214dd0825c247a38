import { invariant } from "../base/errors.js";
import { numberOf, shapeOf } from "../graph/attributes.js";
import { typedNode } from "../graph/infer.js";
import { movedType } from "../graph/quantized.js";
import { dtypeBytes, type Graph, type Node, sizeOf, typeText, type Value } from "../graph/types.js";
import { verifyGraph } from "../graph/verify.js";

/** Ops that do for one step what they do for a sequence of them, given their first input and others without time. */
const stepwise = new Set(["dense", "quantized_dense", "add", "requantize"]);

/** Shorter sequences are not worth the loss of what can be done for several steps at once. */
const leastSteps = 4;

/**
 * The opposite of `hoist`, for targets with little memory: what makes a scan's sequence step by step, and no smaller, goes into its
 * cell, so that the sequence is never there as a whole. Axes that only change places with axes of one element are not moved at all.
 */
export function sink(graph: Graph): Graph {
  let nodes = graph.nodes.map(asReshape);
  for (let i = 0; i < nodes.length; i++) {
    for (;;) {
      const found = nodes[i]!.op === "scan" ? sinkable(nodes, nodes[i]!, graph) : undefined;
      if (!found) break;
      const scan = within(nodes[i]!, found.producer, found.sequence);
      nodes = nodes.map((n, at) => (at === i ? scan : n)).filter((n) => n !== found.producer);
      i--;
    }
  }
  const changed: Graph = { ...graph, nodes };
  verifyGraph(changed);
  return changed;
}

/** A transpose that leaves the elements where they are, as a view. */
function asReshape(node: Node): Node {
  if (node.op !== "transpose") return node;
  const { shape } = node.inputs[0]!.type;
  const moved = shapeOf(node.attributes, "permutation").filter((axis) => shape[axis] !== 1);
  if (moved.some((axis, i) => i > 0 && axis < moved[i - 1]!)) return node;
  return { ...node, op: "reshape", attributes: { shape: [...node.outputs[0]!.type.shape] } };
}

/** A node that makes a sequence of the scan, and which one. */
function sinkable(nodes: readonly Node[], scan: Node, graph: Graph): { producer: Node; sequence: number } | undefined {
  const states = numberOf(scan.attributes, "states");
  const sequences = numberOf(scan.attributes, "sequences");
  for (let i = states; i < states + sequences; i++) {
    const value = scan.inputs[i]!;
    const producer = nodes.find((n) => n.outputs[0] === value);
    if (!producer || !stepwise.has(producer.op)) continue;
    const isKept = [...graph.outputs.map((o) => o.value), ...graph.states.map((s) => s.output)].includes(value);
    const uses = nodes.flatMap((n) => n.inputs).filter((v) => v === value).length;
    const [x, ...others] = producer.inputs as [Value, ...Value[]];
    const rank = value.type.shape.length;
    const isStepwise = x.type.shape.length === rank && x.type.shape[0] === value.type.shape[0];
    const grows = bytesOf(value) >= bytesOf(x);
    if (isKept || uses > 1 || !isStepwise || !grows || value.type.shape[0]! < leastSteps) continue;
    if (others.every((v) => v.type.shape.length < rank)) return { producer, sequence: i };
  }
  return undefined;
}

const bytesOf = ({ type }: Value): number => sizeOf(type.shape) * dtypeBytes[type.dtype];

/** The scan with the producer of a sequence in its cell; what else the producer takes is captured. */
function within(scan: Node, producer: Node, sequence: number): Node {
  const body = scan.body!;
  const result = body.inputs[sequence]!;
  let id = Math.max(
    ...[...body.inputs, ...body.parameters].map((v) => v.value.id),
    ...body.nodes.flatMap((n) => n.outputs.map((v) => v.id)),
  );
  const [x, ...others] = producer.inputs as [Value, ...Value[]];
  const step: Value = { id: ++id, type: movedType(x.type, x.type.shape.slice(1)) };
  const captured = others.map((v) => ({ name: `sunk_${++id}`, value: { id, type: v.type } }));
  const inner = typedNode(producer.op, [step, ...captured.map((c) => c.value)], producer.attributes, undefined, (type) => {
    invariant(typeText(type) === typeText(result.value.type), `${producer.op} gives ${typeText(type)} for a step`);
    return result.value;
  });
  const inputs = body.inputs.map((input, i) => (i === sequence ? { name: input.name, value: step } : input));
  return {
    ...scan,
    inputs: [...scan.inputs.map((v, i) => (i === sequence ? x : v)), ...others],
    body: { ...body, inputs: [...inputs, ...captured], nodes: [inner, ...body.nodes] },
  };
}
