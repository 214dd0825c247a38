import { UserError } from "../../base/errors.js";
import { withFloatInput } from "../../detect/model_stream.js";
import type { Model } from "../../formats/model.js";
import { typedNode } from "../../graph/infer.js";
import type { Graph, Node, Value } from "../../graph/types.js";
import { foldBatchNorm } from "../../passes/fold.js";
import { optimize } from "../../passes/optimize.js";
import { sink } from "../../passes/sink.js";
import { firstValue, resultsAt, type StreamForm, streamGraph } from "../../passes/stream.js";
import type { CModule, ParameterValues } from "./module.js";
import type { PublicParts } from "./public_code.js";
import { residentRings } from "./resident_rings.js";

/** How a network streams. */
export interface NetworkStream {
  readonly form: StreamForm;
  /** Frames of features in a step; default: as many as give one result. */
  readonly hops?: number | undefined;
}

/** A network as the graphs of its phases, one where it does not stream, with values of all parameters. */
export interface Network {
  readonly phases: readonly Graph[];
  readonly parameters: ParameterValues;
  readonly stream?: NonNullable<PublicParts["stream"]>;
}

/**
 * Features to scores, with nothing left to do at run time that can be done now.
 * @param floats whether it takes single-precision features even where it computes with integers
 * @throws UserError where the network cannot stream
 */
export function networkOf(model: Pick<Model, "graph" | "parameters">, floats: boolean, stream?: NetworkStream): Network {
  const clip = floats || stream ? withFloatInput(model.graph) : model.graph;
  const { graph, parameters } = foldBatchNorm({ graph: clip, parameters: model.parameters });
  const finish = (phase: Graph): Graph => sink(optimize(withScores(phase)));
  if (!stream) return { phases: [finish(graph)], parameters };
  const streaming = streamGraph(graph, { form: stream.form, ...(stream.hops === undefined ? {} : { chunk: stream.hops }) });
  let first = 0;
  while (resultsAt(streaming, first) <= 0) first++;
  const starts = streaming.states
    .filter((s) => s.start > 0)
    .map((s) => ({ state: s.name, step: s.start, value: firstValue(s)[0] ?? 0 }));
  const phases = streaming.phases.map(finish);
  return {
    // Phases share their states, which are then as long in all of them.
    phases: phases.length === 1 ? phases.map(residentRings) : phases,
    parameters,
    stream: { chunk: streaming.chunk, lead: streaming.lead, phases: streaming.phases.length, firstResult: first, starts },
  };
}

/** Adds the phases to a module as `static int32_t network(void)`, which gives whether there are new scores. */
export function addNetwork(
  module: CModule,
  { phases, parameters, stream }: Network,
): Pick<PublicParts, "input" | "output" | "logits" | "states" | "stream" | "phaseResults"> {
  const functions = phases.map((phase, i) => module.add(`network_${i}`, phase, parameters, "network"));
  const place = (name: string, has: (phase: Graph) => boolean) => functions[phases.findIndex(has)]!.place(name);
  const hasScores = (phase: Graph): boolean => phase.outputs.length > 0;
  if (!phases.some(hasScores)) throw new UserError("the network has no output");
  const names = new Set(phases.flatMap((p) => p.states.map((s) => s.name)));
  const isInteger = phases.some((p) => p.outputs.some((o) => o.name === "logits"));
  return {
    ...(isInteger ? { logits: place("logits", hasScores) } : {}),
    input: place("features", (p) => p.inputs.some((i) => i.name === "features")),
    output: place("scores", hasScores),
    states: [...names].map((name) => place(name, (p) => p.states.some((s) => s.name === name))),
    phaseResults: phases.map((p) => (hasScores(p) ? p.outputs[0]!.value.type.shape[0]! : 0)),
    ...(stream ? { stream } : {}),
  };
}

/** The graph with output "scores": the softmax of logits, or the first output as it is. Integer logits stay an output, too. */
function withScores(graph: Graph): Graph {
  const [output, ...others] = graph.outputs;
  if (!output) return graph;
  const isLogits = output.name === "logits" && output.value.type.dtype !== "u8";
  if (!isLogits) return { ...graph, outputs: [{ ...output, name: "scores" }, ...others] };
  const nodes: Node[] = [...graph.nodes];
  let next = freshId(graph);
  const add = (op: string, x: Value): Value => {
    const node = typedNode(op, [x], {}, undefined, (type) => ({ id: next++, type }));
    nodes.push(node);
    return node.outputs[0]!;
  };
  const isInteger = output.value.type.dtype !== "f32";
  const scores = add("softmax", isInteger ? add("dequantize", output.value) : output.value);
  return { ...graph, nodes, outputs: [{ name: "scores", value: scores }, ...(isInteger ? [output] : []), ...others] };
}

function freshId(graph: Graph): number {
  const values = [...graph.inputs, ...graph.parameters].map((v) => v.value);
  const made = graph.nodes.flatMap((n) => n.outputs);
  return 1 + Math.max(...[...values, ...made, ...graph.states.map((s) => s.input)].map((v) => v.id));
}
