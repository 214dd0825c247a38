import { invariant, UserError } from "../base/errors.js";
import { compile } from "../engine/compile.js";
import type { CompiledProgram, TargetName } from "../engine/program.js";
import type { StreamResult } from "../engine/stream_program.js";
import type { Graph } from "../graph/types.js";
import { sizeOf } from "../graph/types.js";
import { optimize } from "../passes/optimize.js";
import type { StreamForm } from "../passes/stream.js";
import { type TailInput, type UnrolledGraph, unrolledGraph } from "../passes/stream_unrolled.js";

type Parameters = ReadonlyMap<string, ArrayLike<number>>;

/** What a stream must give. */
export interface StreamReference {
  /** Values of the result that is about the clip beginning at a unit; undefined where the recording does not reach so far. */
  at(begin: number): Float32Array | undefined;
  close(): void;
}

async function opened(graph: Graph, parameters: Parameters, target: TargetName | "auto"): Promise<CompiledProgram> {
  const program = await compile(optimize(graph), { target });
  for (const { name } of graph.parameters) program.write(name, parameters.get(name) as ArrayLike<number>);
  for (const { name, input } of graph.states)
    program.write(name, new Float64Array(sizeOf(input.type.shape)).fill(input.type.quantization?.zeroPoint[0] ?? 0));
  return program;
}

/** The clip's graph on a clip's length from any place on. */
async function clipReference(
  graph: Graph,
  parameters: Parameters,
  recording: Float32Array,
  target: TargetName | "auto",
): Promise<StreamReference> {
  const program = await opened(graph, parameters, target);
  const [input] = graph.inputs;
  const size = sizeOf(input.value.type.shape);
  const width = size / input.value.type.shape[1];
  return {
    at: (begin) => {
      if (begin * width + size > recording.length) return undefined;
      program.write(input.name, recording.subarray(begin * width, begin * width + size));
      program.run();
      return Float32Array.from(program.view(graph.outputs[0].name));
    },
    close: () => program.close(),
  };
}

/** Elements `begin` to `begin + count - 1` along an axis, row-major. */
function along(values: ArrayLike<number>, shape: readonly number[], { axis, count }: TailInput, begin: number): Float64Array {
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  const part = new Float64Array(outer * count * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < count * inner; i++) part[o * count * inner + i] = values[(o * shape[axis] + begin) * inner + i] as number;
  return part;
}

/** The graph unrolled over the recording. */
async function unrolledReference(
  graph: Graph,
  parameters: Parameters,
  recording: Float32Array,
  target: TargetName | "auto",
): Promise<StreamReference> {
  const [input] = graph.inputs;
  const width = sizeOf(input.value.type.shape) / input.value.type.shape[1];
  const unrolled: UnrolledGraph = unrolledGraph(graph, Math.floor(recording.length / width));
  if (unrolled.length * width > recording.length)
    throw new UserError(`the recording of ${recording.length / width} units is shorter than a clip`);
  const long = await opened(unrolled.long, parameters, target);
  long.write(input.name, recording.subarray(0, unrolled.length * width));
  long.run();
  const tail = await opened(unrolled.tail, parameters, target);
  return {
    at: (begin) => {
      invariant(begin % unrolled.resultStride === 0, "a result that is not due");
      if (begin + unrolled.resultLatest >= unrolled.length) return undefined;
      const result = begin / unrolled.resultStride;
      for (const part of unrolled.tailInputs) {
        const { shape } = long.typeOf(part.name);
        tail.write(part.name, along(long.view(part.name), shape, part, part.first + result * part.stride));
      }
      tail.run();
      return Float32Array.from(tail.view(graph.outputs[0].name));
    },
    close: () => {
      long.close();
      tail.close();
    },
  };
}

/**
 * What a streaming graph of this form must give over a recording.
 * @param graph of the clip
 * @param recording units one after another, [units] or [units, features]
 */
export function openReference(
  form: StreamForm,
  graph: Graph,
  parameters: Parameters,
  recording: Float32Array,
  target: TargetName | "auto" = "auto",
): Promise<StreamReference> {
  const open = form === "context" ? unrolledReference : clipReference;
  return open(graph, parameters, recording, target);
}

/** How a stream differs from what it must give. */
export interface StreamDifference {
  /** Results that were compared. */
  readonly results: number;
  /** Largest difference of two values. */
  readonly largest: number;
}

/**
 * Compares results with the reference, at most `most` of them, spread evenly.
 * @param prepare what is compared of a row, such as its softmax
 */
export function compareStream(
  results: readonly StreamResult[],
  reference: StreamReference,
  prepare: (row: Float32Array) => Float32Array,
  most = Infinity,
): StreamDifference {
  let largest = 0;
  let compared = 0;
  const step = Math.max(1, results.length / most);
  for (let i = 0; i < results.length; i += step) {
    const { begin, values } = results[Math.floor(i)];
    const wanted = reference.at(begin);
    if (wanted === undefined) continue;
    compared++;
    const found = prepare(Float32Array.from(values));
    prepare(wanted).forEach((v, at) => {
      const difference = Math.abs(v - found[at]);
      if (!(difference <= largest)) largest = difference;
    });
  }
  return { results: compared, largest };
}
