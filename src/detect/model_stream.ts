import { invariant } from "../base/errors.js";
import type { TargetName } from "../engine/program.js";
import { StreamProgram, type StreamResult } from "../engine/stream_program.js";
import type { Model } from "../formats/model.js";
import { rateOf } from "../formats/model_rate.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Graph, Quantization, TensorType } from "../graph/types.js";
import { compose } from "../passes/compose.js";
import { type StreamForm, type StreamingGraph, streamGraph } from "../passes/stream.js";
import { timingsOf } from "../passes/stream_timing.js";
import type { Posteriors, PosteriorStream } from "./posteriors.js";

/** What a stream takes: samples, or frames of features. */
export type StreamInput = "audio" | "features";

export interface ModelStreamOptions {
  /** Default "context". */
  readonly form?: StreamForm | undefined;
  /** Default "audio": the front end streams too. */
  readonly input?: StreamInput | undefined;
  /** Hops of the front end that a step takes; default: as many as the network's strides have to one result. */
  readonly hops?: number | undefined;
  readonly target?: TargetName | "auto" | undefined;
}

/** What a model hears at one time. */
export interface Posterior extends Posteriors {
  /** Seconds at which the clip begins that it is about. */
  begin: number;
}

/** Puts a conversion in front of a network that takes integers. */
export function withFloatInput(graph: Graph): Graph {
  const [{ name, value }] = graph.inputs;
  if (value.type.dtype === "f32") return graph;
  const builder = new GraphBuilder("quantize_input");
  const x = builder.input(name, { dtype: "f32", shape: value.type.shape });
  const { scale, zeroPoint } = value.type.quantization as Quantization;
  const attributes = { outputScale: scale[0], outputZeroPoint: zeroPoint[0], outputType: value.type.dtype };
  builder.output(name, builder.op("quantize", [x], attributes));
  return compose(builder.finish(), graph, graph.name);
}

/** The graph of a model's clip from samples or from features to logits; it takes single-precision numbers. */
export function clipGraphOf(model: Model, input: StreamInput = "audio"): Graph {
  const network = withFloatInput(model.graph);
  return input === "features" ? network : compose(model.frontend, network, network.name);
}

/** Units (samples, or 1 for frames) from one frame of features to the next. */
export function hopOf(model: Model, input: StreamInput = "audio"): number {
  if (input === "features") return 1;
  const [features] = model.frontend.outputs;
  const hop = timingsOf(model.frontend, "context").timings.get(features.value)?.stride;
  invariant(hop !== undefined, "features that do not depend on sound");
  return hop;
}

/** Units of a model's stream a second. */
export function unitsPerSecond(model: Model, input: StreamInput = "audio"): number {
  return input === "features" ? rateOf(model) / hopOf(model) : rateOf(model);
}

/**
 * The streaming graph of a model.
 * @throws UserError where it cannot stream
 */
export function streamModel(model: Model, { form = "context", input = "audio", hops }: ModelStreamOptions = {}): StreamingGraph {
  const graph = clipGraphOf(model, input);
  return streamGraph(graph, { form, ...(hops === undefined ? {} : { chunk: hops * hopOf(model, input) }) });
}

/** Probabilities from a row of logits as the graph stores them. */
export function probabilitiesOf(logits: ArrayLike<number>, { quantization }: TensorType): Float32Array {
  const scale = quantization?.scale[0] ?? 1;
  const zeroPoint = quantization?.zeroPoint[0] ?? 0;
  const real = Float64Array.from(logits, (v) => scale * (v - zeroPoint));
  const largest = real.reduce((most, v) => Math.max(most, v), -Infinity);
  const powers = real.map((v) => Math.exp(v - largest));
  const sum = powers.reduce((total, v) => total + v, 0);
  return Float32Array.from(powers, (v) => v / sum);
}

/** A model that listens: takes sound in any pieces and gives posteriors with their times. */
export class ModelStream implements PosteriorStream {
  readonly labels: readonly string[];
  /** Samples a second, or frames of features a second. */
  readonly rate: number;
  /** Seconds between two posteriors. */
  readonly hop: number;
  readonly program: StreamProgram;
  readonly #logits: TensorType;

  /** Use `ModelStream.open`. */
  constructor(labels: readonly string[], rate: number, program: StreamProgram, logits: TensorType) {
    this.labels = labels;
    this.rate = rate;
    this.hop = program.graph.resultStride / rate;
    this.program = program;
    this.#logits = logits;
  }

  /**
   * Compiles a model to listen.
   * @throws UserError where it cannot stream
   */
  static async open(model: Model, options: ModelStreamOptions = {}): Promise<ModelStream> {
    const graph = streamModel(model, options);
    const program = await StreamProgram.open(graph, model.parameters, { target: options.target ?? "auto" });
    return new ModelStream(model.labels, unitsPerSecond(model, options.input), program, model.graph.outputs[0].value.type);
  }

  /** Seconds by which a posterior comes later than the end of the clip that it is about. */
  get delay(): number {
    return this.program.graph.delay / this.rate;
  }

  /**
   * Hears more.
   * @param elements samples in [-1, 1), or whole frames of features one after another
   */
  feed(elements: Float32Array): Posterior[] {
    return this.program.feed(elements).map((result) => this.#posterior(result));
  }

  /** As `feed`. */
  async push(samples: Float32Array): Promise<Posteriors[]> {
    return this.feed(samples);
  }

  #posterior({ begin, heard, values }: StreamResult): Posterior {
    return { time: heard / this.rate, begin: begin / this.rate, scores: probabilitiesOf(values, this.#logits) };
  }

  /** Forgets what was heard; time begins at 0 again. */
  reset(): void {
    this.program.reset();
  }

  close(): void {
    this.program.close();
  }
}
