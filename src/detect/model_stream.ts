import type { TargetName } from "../engine/program.js";
import { StreamProgram, type StreamResult } from "../engine/stream_program.js";
import type { Model, StreamInput } from "../formats/model.js";
import { rateOf } from "../formats/model_rate.js";
import { GraphBuilder } from "../graph/builder.js";
import type { Graph, Quantization, TensorType } from "../graph/types.js";
import { compose } from "../passes/compose.js";
import { frameHop } from "../passes/frame_hop.js";
import { hearsOnlyClips, type StreamForm, type StreamingGraph, streamGraph } from "../passes/stream.js";
import type { Posteriors, PosteriorStream } from "./posteriors.js";

export type { StreamInput } from "../formats/model.js";

/** What is not said is as in the model's streaming graph, where its file has one. */
export interface ModelStreamOptions {
  /** Default: what the model is made for (`preferredForm`). */
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
  return frameHop(model.frontend);
}

/** Units of a model's stream a second. */
export function unitsPerSecond(model: Model, input: StreamInput = "audio"): number {
  return input === "features" ? rateOf(model) / hopOf(model) : rateOf(model);
}

/**
 * The form in which a model loses nothing: that of its file; `context` where it was trained for streams, or hears nothing but whole
 * clips, so that both forms are the same; else `window`.
 * @throws UserError where it cannot stream
 */
export function preferredForm(model: Model): StreamForm {
  if (model.stream) return model.stream.graph.form;
  const { recipe } = model.training;
  const said = typeof recipe === "object" && recipe !== null ? (recipe as { streaming?: unknown; rolling?: unknown }) : {};
  const isTrainedForStreams = said.streaming === true || typeof said.rolling === "object";
  return isTrainedForStreams || hearsOnlyClips(model.graph) ? "context" : "window";
}

/** Form and hops in a step of the streaming graph that a model's file has. */
export function ownStream(model: Model): { readonly form: StreamForm; readonly hops: number } | undefined {
  if (!model.stream) return undefined;
  const { input, graph } = model.stream;
  return { form: graph.form, hops: graph.chunk / hopOf(model, input) };
}

/**
 * The streaming graph of a model: that of its file, or one made of its clip's graph where something else is asked for.
 * @throws UserError where it cannot stream
 */
export function streamModel(model: Model, options: ModelStreamOptions = {}): StreamingGraph {
  const own = model.stream;
  const form = options.form ?? preferredForm(model);
  const input = options.input ?? own?.input ?? "audio";
  const hops = options.hops ?? ownStream(model)?.hops;
  if (own && own.graph.form === form && own.input === input && ownStream(model)?.hops === hops) return own.graph;
  const graph = clipGraphOf(model, input);
  const hop = hopOf(model, input);
  return streamGraph(graph, { form, hop, ...(hops === undefined ? {} : { chunk: hops * hop }) });
}

/**
 * The model with its streaming graph, as 'earshot stream --out' writes it.
 * @throws UserError where it cannot stream
 */
export function withStream(model: Model, options: ModelStreamOptions = {}): Model {
  const input = options.input ?? model.stream?.input ?? "audio";
  return { ...model, stream: { input, graph: streamModel(model, options) } };
}

/** Another model's clip graph and parameters made to stream in the way of this one, if it does. */
export function streamingAs(other: Model, like: Model): Model {
  const model = { ...other, stream: undefined };
  return like.stream ? withStream(model, { input: like.stream.input, ...ownStream(like) }) : model;
}

/** Probabilities from a row of logits as the graph stores them. */
export function probabilitiesOf(logits: ArrayLike<number>, { quantization }: TensorType): Float32Array {
  const scale = quantization?.scale[0] ?? 1;
  const zeroPoint = quantization?.zeroPoint[0] ?? 0;
  const found = new Float32Array(logits.length);
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, scale * ((logits[i] as number) - zeroPoint));
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(scale * ((logits[i] as number) - zeroPoint) - largest);
  for (let i = 0; i < logits.length; i++) found[i] = Math.exp(scale * ((logits[i] as number) - zeroPoint) - largest) / sum;
  return found;
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
    const perSecond = unitsPerSecond(model, options.input ?? model.stream?.input);
    return new ModelStream(model.labels, perSecond, program, model.graph.outputs[0].value.type);
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
