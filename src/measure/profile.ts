import { bytesOf, countLayers, countParameters, type LayerCount, multiplyAccumulates } from "../graph/count.js";
import { type Graph, sizeOf } from "../graph/types.js";
import { multiplyAccumulatesPerUnit, stateBytes, type StreamingGraph } from "../passes/stream.js";

/** What one layer costs for one run. */
export interface LayerProfile {
  /** Path of its parameters, or the op's name. */
  readonly name: string;
  readonly op: string;
  /** Shape of what it gives. */
  readonly shape: readonly number[];
  /** Elements of its parameters and buffers. */
  readonly parameters: number;
  readonly multiplyAccumulates: number;
  /** Bytes of what it gives. */
  readonly activationBytes: number;
}

/** What a graph costs for one run at the batch that it is typed for. */
export interface Profile {
  readonly layers: readonly LayerProfile[];
  /** Elements of all parameters and buffers. */
  readonly parameters: number;
  /** Elements of the parameters that training changes. */
  readonly trainable: number;
  readonly multiplyAccumulates: number;
  /** Bytes of what all layers give, none sharing memory. */
  readonly activationBytes: number;
  /** Bytes of the layer whose input and output together are largest: what inference layer by layer needs at least. */
  readonly largestPairBytes: number;
}

/** Counts parameters, multiply-accumulates and activation bytes of a graph, by layer and in total. */
export function profile(graph: Graph): Profile {
  const counts = countLayers(graph);
  const layers = counts.map((layer) => ({
    name: layer.name,
    op: layer.op,
    shape: layer.output.shape,
    parameters: layer.parameters,
    multiplyAccumulates: layer.multiplyAccumulates,
    activationBytes: bytesOf(layer.output),
  }));
  return {
    layers,
    parameters: countParameters(graph),
    trainable: countParameters(graph, { trainable: true }),
    multiplyAccumulates: multiplyAccumulates(graph),
    activationBytes: layers.reduce((sum, layer) => sum + layer.activationBytes, 0),
    largestPairBytes: Math.max(0, ...counts.map((layer) => bytesOf(layer.input) + bytesOf(layer.output))),
  };
}

/** What a streaming graph costs. */
export interface StreamProfile {
  readonly form: StreamingGraph["form"];
  readonly input: string;
  /** Length of a step in ms; step k is that of steps[k mod steps.length]. */
  readonly stepMs: number;
  readonly steps: readonly Profile[];
  readonly stateBytes: number;
  readonly multiplyAccumulatesPerSecond: number;
  /** Two for each multiply-accumulate. */
  readonly flopsPerSecond: number;
}

/** Counts what the steps of a stream cost, and what a second of it does. */
export function profileStream(stream: StreamingGraph, unitsPerSecond: number): StreamProfile {
  const multiplyAccumulatesPerSecond = multiplyAccumulatesPerUnit(stream) * unitsPerSecond;
  return {
    form: stream.form,
    input: stream.input,
    stepMs: (1000 * stream.chunk) / unitsPerSecond,
    steps: stream.phases.map(profile),
    stateBytes: stateBytes(stream),
    multiplyAccumulatesPerSecond,
    flopsPerSecond: 2 * multiplyAccumulatesPerSecond,
  };
}

/** What a graph costs as Hello Edge counts it (Zhang et al. 2017, arXiv 1711.07128, table 5). */
export interface HelloEdgeCost {
  /** Bytes: 8-bit parameters with batch norm folded, and the largest pair of 8-bit input and output of a layer. */
  readonly memory: number;
  /** Two for each multiply-accumulate and one for each output that a bias is added to. */
  readonly operations: number;
}

/** Memory and operations of one inference as Hello Edge counts them. */
export function helloEdgeCost(graph: Graph): HelloEdgeCost {
  const layers = countLayers(graph);
  const parameters = layers.reduce((sum, layer) => sum + folded(layer), 0);
  const pair = Math.max(0, ...layers.map((layer, i) => pairOf(layer, layers[i - 1], layers[i + 1])));
  const operations = layers.reduce(
    (sum, layer) =>
      sum + 2 * layer.multiplyAccumulates + (layer.offset > 0 && layer.op !== "scan" ? sizeOf(layer.output.shape) : 0),
    0,
  );
  return { memory: parameters + pair, operations };
}

/** Parameters with batch norm folded; in a cell there is none, and vectors are weights like others. */
function folded(layer: LayerCount): number {
  return layer.op === "scan" ? layer.parameters : layer.kernel + layer.offset;
}

/**
 * Input and output of a layer. Of a recurrent layer, which is a product over all frames and a scan: all frames, the gates of one and, where
 * the output is a projection, what is projected. So the printed figures come out.
 */
function pairOf(layer: LayerCount, before: LayerCount | undefined, behind: LayerCount | undefined): number {
  if (behind?.op === "scan" && behind.name === layer.name) return 0;
  if (layer.op !== "scan" || before?.name !== layer.name) return sizeOf(layer.input.shape) + sizeOf(layer.output.shape);
  const memory = layer.input.shape.at(-1) as number;
  const projected = memory === (behind?.input.shape.at(-1) ?? memory) ? 0 : memory;
  return sizeOf(before.input.shape) + (before.output.shape.at(-1) as number) + projected;
}
