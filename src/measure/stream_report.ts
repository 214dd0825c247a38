import { UserError } from "../base/errors.js";
import { compile } from "../engine/compile.js";
import type { TargetName } from "../engine/program.js";
import { StreamProgram } from "../engine/stream_program.js";
import {
  clipGraphOf,
  hopOf,
  type ModelStreamOptions,
  probabilitiesOf,
  streamModel,
  unitsPerSecond,
} from "../detect/model_stream.js";
import type { Model } from "../formats/model.js";
import { rateOf } from "../formats/model_rate.js";
import { multiplyAccumulates } from "../graph/count.js";
import { retype } from "../graph/retype.js";
import type { Graph } from "../graph/types.js";
import { optimize } from "../passes/optimize.js";
import { mixedBeginning, multiplyAccumulatesPerUnit, type StreamingGraph, stateBytes } from "../passes/stream.js";
import { readSound } from "../signal/decode.js";
import { compareStream, openReference } from "./stream_check.js";

/** The step of the clip model that a stream is compared with: every 20 ms. */
const clipEveryMs = 20;

/** What a streaming model is and costs. */
export interface StreamReport {
  readonly form: StreamingGraph["form"];
  readonly input: "audio" | "features";
  /** Hops of the front end in a step, and their length in ms. */
  readonly hops: number;
  readonly hopMs: number;
  readonly phases: number;
  readonly states: number;
  readonly stateBytes: number;
  /** From one result to the next, in ms. */
  readonly resultMs: number;
  /** What a result is made from, in ms; null where a recurrent state carries all of the past. */
  readonly receptiveFieldMs: number | null;
  /** How much later than the end of the clip that it is about a result comes, in ms. */
  readonly delayMs: number;
  readonly multiplyAccumulatesPerSecond: number;
  /** Of the clip model run every 20 ms. */
  readonly clipMultiplyAccumulatesPerSecond: number;
  /** Whether the first results after a beginning are those of a clip. */
  readonly startsCleanly: boolean;
}

/** Measures nothing: everything follows from the graph. */
export function reportStream(model: Model, options: ModelStreamOptions): StreamReport {
  const input = options.input ?? model.stream?.input ?? "audio";
  const graph = streamModel(model, options);
  const perSecond = unitsPerSecond(model, input);
  const hop = hopOf(model, input);
  // A frame of features spans more than a hop of sound; the clip's end counts.
  const ms = (units: number): number => (units * 1000) / perSecond;
  return {
    form: graph.form,
    input,
    hops: graph.chunk / hop,
    hopMs: ms(hop),
    phases: graph.phases.length,
    states: graph.states.length,
    stateBytes: stateBytes(graph),
    resultMs: ms(graph.resultStride),
    receptiveFieldMs: graph.receptiveField === undefined ? null : ms(graph.receptiveField),
    delayMs: ms(graph.delay),
    multiplyAccumulatesPerSecond: multiplyAccumulatesPerUnit(graph) * perSecond,
    clipMultiplyAccumulatesPerSecond: (multiplyAccumulates(clipGraphOf(model, input)) * 1000) / clipEveryMs,
    startsCleanly: graph.startsCleanly,
  };
}

/** A stream compared with what it must give. */
export interface CheckedRecording {
  readonly file: string;
  readonly seconds: number;
  /** Results of the stream, and how many of them were compared, spread over all that are about clips from `fromSeconds` on. */
  readonly results: number;
  readonly fromSeconds: number;
  readonly compared: number;
  /** Largest difference of two probabilities; in integer models of two logits. */
  readonly largest: number;
  /** Whether it is what is asked for: below 1e-5 on probabilities; in integer models no difference. */
  readonly equal: boolean;
}

/** Largest difference of probabilities that counts as equal. */
export const probabilityTolerance = 1e-5;
const longestSeconds = 600;

/**
 * Streams a recording and compares: the context form with the same graph unrolled over the recording, the window form with the clip
 * model on every second.
 * @param most results that are compared, spread evenly
 * @throws UserError where the recording cannot be read or is shorter than a clip
 */
export async function checkRecording(
  model: Model,
  options: ModelStreamOptions,
  file: string,
  most = 400,
): Promise<CheckedRecording> {
  const input = options.input ?? model.stream?.input ?? "audio";
  const target = options.target ?? "auto";
  const rate = rateOf(model);
  const sound = await readSound(file, { rate, maxSeconds: longestSeconds, remedy: "cut it into pieces" });
  const graph = clipGraphOf(model, input);
  const elements = input === "audio" ? sound.samples : await featuresOf(model.frontend, sound.samples, target);
  const streaming = streamModel(model, options);
  const [, units, width = 1] = graph.inputs[0].value.type.shape;
  const first = firstCompared(graph, streaming, hopOf(model, input), file);
  if (elements.length < width * Math.max(units, first + streaming.resultLatest + 1))
    throw new UserError(
      `${file}: ${(sound.samples.length / rate).toFixed(2)} s are too short to check on; give a recording of a clip and the delay at least`,
    );
  const program = await StreamProgram.open(streaming, model.parameters, { target });
  const reference = await openReference(streaming.form, graph, model.parameters, elements, target);
  const { type } = graph.outputs[0].value;
  const isInteger = graph.nodes.some((node) => node.op.startsWith("quantized_"));
  try {
    const results = program.feed(elements);
    const { results: compared, largest } = compareStream(
      results.filter(({ begin }) => begin >= first),
      reference,
      (row) => (isInteger ? row : probabilitiesOf(row, type)),
      most,
    );
    const equal = compared > 0 && (isInteger ? largest === 0 : largest < probabilityTolerance);
    const fromSeconds = first / unitsPerSecond(model, input);
    return { file, seconds: sound.samples.length / rate, results: results.length, fromSeconds, compared, largest, equal };
  } finally {
    program.close();
    reference.close();
  }
}

/**
 * The first clip, in units, whose result is what it must be: where a stream's beginning is not a clip's, one that does not hear it.
 * @throws UserError where there is none
 */
function firstCompared(graph: Graph, streaming: StreamingGraph, hop: number, file: string): number {
  const { startsCleanly, chunk, resultLatest, resultStride } = streaming;
  if (startsCleanly) return 0;
  const mixed = mixedBeginning(graph, streaming, hop);
  if (mixed === undefined)
    throw new UserError(
      `${file}: steps of ${chunk / hop} hops mix a stream's beginning with what was before it, and a recurrent state remembers that: nothing can be compared; take --hops 1`,
    );
  return Math.ceil(Math.max(0, mixed - resultLatest) / resultStride) * resultStride;
}

/** Features of a whole recording, frame after frame. */
async function featuresOf(frontend: Graph, samples: Float32Array, target: TargetName | "auto"): Promise<Float32Array> {
  const [{ name, value }] = frontend.inputs;
  if (samples.length < value.type.shape[1]) return new Float32Array(0);
  const program = await compile(optimize(retype(frontend, { inputs: { [name]: [1, samples.length] } })), { target });
  program.write(name, samples);
  program.run();
  const features = program.read(frontend.outputs[0].name).slice();
  program.close();
  return features;
}
