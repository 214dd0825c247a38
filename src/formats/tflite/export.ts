import { UserError } from "../../base/errors.js";
import { type Graph, typeText } from "../../graph/types.js";
import { compose } from "../../passes/compose.js";
import { foldBatchNorm } from "../../passes/fold.js";
import { frameHop } from "../../passes/frame_hop.js";
import { type StreamForm, streamGraph } from "../../passes/stream.js";
import { startingByItself } from "../../passes/self_starting.js";
import { unroll } from "../../passes/unroll.js";
import type { Model } from "../model.js";
import type { TfliteContent } from "./content.js";
import { audioOperators } from "./audio_operators.js";
import { TfliteEmitter } from "./emitter.js";
import { type LoweredGraph, lowerGraph } from "./lower_graph.js";
import { kindOfValue } from "./lowering.js";
import { modelMetadata } from "./metadata.js";
import { assignStates, initialisationOf, readStates } from "./resource_states.js";
import { serializeTflite } from "./serialize.js";

export type TfliteStates = "zeros" | "external" | "resource";

export interface TfliteExportOptions {
  /**
   * What the file takes. "none": features [1, frames, coefficients]. "builtin": samples [1, n] in [-1, 1), the front
   * end as plain operators. "op": samples, the front end as TFLite's AudioSpectrogram and Mfcc, for mfcc_op alone.
   */
  readonly features: "none" | "builtin" | "op";
  /** Samples a second, for "op" and for the note in the file; 16,000 unless told. */
  readonly rate?: number;
  /**
   * "zeros": states are zeros in every run, as where single clips are labelled. "external": each is one more input
   * and one more output (`<name>` and `<name>_next`), which the caller carries from run to run. "resource": the file keeps
   * them in resource variables, which begin as zeros when it is loaded. Zeros unless told; of a stream external.
   */
  readonly states?: TfliteStates;
  /**
   * The file hears one step of `hops` frames after another (default: as many as give one result). It takes features, or with
   * "builtin" samples. What the caller is to do before which step stands in the metadata ("stream"); with "resource" nothing: the file counts its steps.
   */
  readonly stream?: { readonly form: StreamForm; readonly hops?: number | undefined } | undefined;
  /** "probabilities", unless told: the output "scores". "logits": the output "logits", without the softmax; its metadata say so. */
  readonly outputs?: "probabilities" | "logits";
}

/**
 * The model as a .tflite file, float32 or int8 as its graph is: output "scores" [1, labels], the softmax of the logits (or "logits"). Batch norms are
 * folded, recurrent cells unrolled. Labels and front end stand in the file's metadata (`readTfliteMetadata`).
 * Equal models give equal bytes.
 * @throws UserError where TFLite cannot express the model or its front end
 */
export function exportTflite(model: Model, options: TfliteExportOptions): Uint8Array {
  const rate = options.rate ?? 16000;
  const emitter = new TfliteEmitter();
  const step = options.stream ? streamStep(model, options) : undefined;
  const { graph, parameters } = step ?? foldBatchNorm({ graph: unroll(model.graph), parameters: model.parameters });
  const input = inputTensor(step ? { graph, frontend: graph } : { ...model, graph }, options, emitter);
  const features = step ? input.tensor : asTaken(featureTensor(model, options, rate, input.tensor, emitter), graph, emitter);
  const isResource = options.states === "resource";
  const kept = isResource ? readStates(graph, emitter) : [];
  const carried = !isResource && (step || options.states === "external") ? stateInputs(graph, emitter) : [];
  const stateTensors = new Map([...kept, ...carried].map((s) => [s.name, s.tensor]));
  const lowered = lowerGraph(graph, parameters, new Map([[step ? input.name : "features", features]]), stateTensors, emitter);
  const outputs = [outputOf(lowered, emitter, options)];
  for (const { name } of carried) outputs.push({ name: `${name}_next`, tensor: lowered.states.get(name) as number });
  assignStates(kept, lowered.states, emitter);
  const content: TfliteContent = emitter.finish(
    "Keyword spotter written by earshot",
    [input, ...carried],
    outputs,
    modelMetadata(model, { features: options.features, rate, stream: step?.stream, outputs: options.outputs }),
    isResource ? initialisationOf(graph) : undefined,
  );
  return serializeTflite(content);
}

/** The network's step as one graph, behind its front end where it takes samples, with what its caller must know. */
function streamStep(model: Model, { stream, features, states }: TfliteExportOptions) {
  if (features === "op")
    throw new UserError(
      "TFLite's AudioSpectrogram and Mfcc do not stream: a streaming .tflite file takes samples with --features builtin, or features",
    );
  if (states === "zeros") throw new UserError("a stream's states go from step to step: --states must be external or resource");
  const folded = foldBatchNorm({ graph: model.graph, parameters: model.parameters });
  const { form = "context", hops } = stream ?? {};
  const hop = features === "builtin" ? frameHop(model.frontend) : 1;
  const graph = features === "builtin" ? behindFrontend(model.frontend, folded.graph) : folded.graph;
  const streaming = streamGraph(graph, { form, hop, ...(hops === undefined ? {} : { chunk: hops * hop }) });
  const [phase, ...others] = streaming.phases;
  if (phase === undefined || others.length > 0)
    throw new UserError(
      `steps of ${streaming.chunk / hop} frames make ${streaming.phases.length} graphs in turn, and a .tflite file has one: take --hops ${(streaming.chunk / hop) * streaming.phases.length}`,
    );
  const { chunk, lead, resultStride, resultLatest } = streaming;
  const note = { form, chunk, lead, resultStride, resultLatest };
  const starts = streaming.states.map((s) => [s.name, s.start] as const);
  const plain = { graph: unroll(phase), parameters: folded.parameters };
  if (states !== "resource") return { ...plain, stream: { ...note, starts: Object.fromEntries(starts) } };
  return { ...startingByItself(plain, new Map(starts)), stream: { ...note, starts: {} } };
}

function behindFrontend(frontend: Graph, network: Graph): Graph {
  if (network.inputs[0].value.type.dtype === "f32") return compose(frontend, network, network.name);
  throw new UserError("a streaming .tflite file in integers takes features, not samples: leave --features out");
}

function inputTensor(model: Pick<Model, "graph" | "frontend">, options: TfliteExportOptions, emitter: TfliteEmitter) {
  const name = options.features === "none" ? "features" : "audio";
  const graph = options.features === "none" ? model.graph : model.frontend;
  const type = graph.inputs.find((i) => i.name === name)?.value.type;
  if (!type) throw new UserError(`graph ${graph.name} has no input ${name}`);
  if ((type.dtype !== "f32" && !type.quantization) || type.shape[0] !== 1)
    throw new UserError(`input ${name} is ${typeText(type)}; a .tflite file takes one clip of f32, or of integers with a scale`);
  const kind = kindOfValue({ id: 0, type });
  return { name, tensor: emitter.tensor(name, type.shape, kind.type, undefined, kind.quantization) };
}

function featureTensor(
  model: Model,
  { features }: TfliteExportOptions,
  rate: number,
  input: number,
  emitter: TfliteEmitter,
): number {
  if (features === "none") return input;
  if (features === "builtin") {
    const lowered = lowerGraph(unroll(model.frontend), new Map(), new Map([["audio", input]]), new Map(), emitter);
    return lowered.outputs.get("features") as number;
  }
  const made = audioOperators(model.frontendDescription, input, rate, emitter);
  const wanted = model.frontend.outputs[0].value.type.shape;
  if (emitter.shapeOf(made).join() !== wanted.join())
    throw new UserError(
      `at ${rate} Hz the front end gives [${emitter.shapeOf(made)}], and the network takes [${wanted}]; give the model's rate`,
    );
  return made;
}

/** The features as the network takes them: front ends in the file give float32, a network with `--io int8` takes integers. */
function asTaken(features: number, graph: Graph, emitter: TfliteEmitter): number {
  const [{ value }] = graph.inputs;
  const taken = kindOfValue(value);
  if (emitter.kindOf(features).type === taken.type) return features;
  return emitter.apply("QUANTIZE", [features], { name: "features", shape: value.type.shape, ...taken }, ["Quantize", {}], 1);
}

function stateInputs(graph: Graph, emitter: TfliteEmitter) {
  return graph.states.map(({ name, input }) => {
    const { type, quantization } = kindOfValue(input);
    return { name, tensor: emitter.tensor(name, input.type.shape, type, undefined, quantization) };
  });
}

function outputOf(lowered: LoweredGraph, emitter: TfliteEmitter, { outputs }: TfliteExportOptions) {
  const logits = lowered.outputs.get("logits");
  if (logits === undefined) throw new UserError("the model has no output logits");
  return outputs === "logits" ? { name: "logits", tensor: logits } : { name: "scores", tensor: scoreTensor(logits, emitter) };
}

function scoreTensor(logits: number, emitter: TfliteEmitter): number {
  const { type, quantization } = emitter.kindOf(logits);
  if (quantization !== undefined && type === "int8") {
    const shares = {
      name: "scores",
      shape: emitter.shapeOf(logits),
      type,
      quantization: { scale: [1 / 256], zeroPoint: [-128] },
    };
    return emitter.apply("SOFTMAX", [logits], shares, ["Softmax", { beta: 1 }], 2);
  }
  return emitter.apply("SOFTMAX", [logits], { name: "scores", shape: emitter.shapeOf(logits) }, ["Softmax", { beta: 1 }]);
}
