import { basename } from "node:path";
import { UserError } from "../base/errors.js";
import { readBounded } from "../base/read_file.js";
import type { LiteRtKernels } from "../formats/litert.js";
import { readTfliteMetadata, type TfliteMetadata } from "../formats/tflite/metadata.js";
import { readTfliteFile } from "../formats/tflite/read/file.js";
import { largestTflite, readTflite, UnknownOperatorError } from "../formats/tflite/read/read.js";
import { openNetwork } from "../formats/tflite/read/runner.js";
import { countParameters, multiplyAccumulates } from "../graph/count.js";
import { integerRange, storedValue } from "../graph/quantized.js";
import { type DType, type ParameterData, type Quantization, sizeOf } from "../graph/types.js";
import { FrontendRunner } from "../train/frontend_runner.js";
import { listeningRuleOf, thresholdOf } from "./listening_rule.js";
import { inLiteRt } from "./runtime.js";
import type { Spotter, SpotterOptions } from "./spotter_model.js";
import { computeFeatures, requireClips, softmaxRows } from "./spotter_model.js";
import { type Rounding, type Surroundings, tfliteSurroundings } from "./tflite_surroundings.js";

interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** A network that runs on one clip at a time. */
interface ClipNetwork {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly size: Spotter["size"];
  run(input: ParameterData): Promise<ParameterData>;
  close(): void;
}

/**
 * Opens a .tflite file on earshot's kernels, or in LiteRT where that is asked for or the file has operators that earshot does not read.
 * Labels and front end: `tfliteSurroundings`.
 */
export async function openTfliteSpotter(path: string, bytes: number, options: SpotterOptions): Promise<Spotter> {
  const content = await readBounded(path, largestTflite, "a model has some megabytes");
  const around = await tfliteSurroundings(content, path, options);
  const network = await openClipNetwork(content, path, options);
  const samples = around.frontend.inputs[0].value.type.shape[1];
  const [, frames, bins] = around.frontend.outputs[0].value.type.shape;
  const featureShape = [frames, bins] as const;
  const takes = sizeOf(network.inputs[0].shape);
  const metadata = readTfliteMetadata(content, path);
  checkInterface(network, path, { samples, features: frames * bins, labels: around.labels.length, stream: metadata?.stream });
  const frontend = { fromAudio: around.frontend, arrayShape: featureShape, featureShape };
  const runner = takes === samples ? undefined : await FrontendRunner.open(frontend, samples, options.target ?? "auto");
  const { score, close } = scorer(network, content, path, { ...around, isLogits: metadata?.outputs === "logits" });
  return {
    name: basename(path),
    labels: around.labels,
    threshold: thresholdOf({ training: around.decisions ?? {} }),
    listening: listeningRuleOf({ training: around.decisions ?? {} }),
    samples,
    rate: around.rate,
    size: { ...network.size, bytes },
    frontendDescription: around.frontendDescription,
    featureShape,
    scoreFeatures: async (features, count) => {
      if (runner === undefined) throw new UserError(`${path}: takes samples, not features; evaluate it on sounds with --data`);
      return score(requireClips(features, count, takes, "features"), count);
    },
    scoreSounds: async (audio, count) => {
      requireClips(audio, count, samples, "samples");
      return score(runner === undefined ? audio : computeFeatures(runner, audio, count, samples, takes), count);
    },
    close: () => {
      runner?.close();
      close();
    },
  };
}

async function openClipNetwork(content: Uint8Array, path: string, options: SpotterOptions): Promise<ClipNetwork> {
  if (inLiteRt(options.runtime)) return openInLiteRt(content, path, options.runtime === "litert-builtin" ? "builtin" : "xnnpack");
  try {
    const network = readTflite(content, path);
    const runner = await openNetwork(network, { target: options.target, threads: options.threads });
    const { graph } = network;
    return {
      inputs: runner.inputs,
      outputs: runner.outputs,
      size: { parameters: countParameters(graph), multiplyAccumulates: multiplyAccumulates(graph) },
      run: async (input) => {
        runner.reset();
        return runner.run([input])[0];
      },
      close: () => runner.close(),
    };
  } catch (error) {
    if (options.runtime === undefined && error instanceof UnknownOperatorError) return openInLiteRt(content, path, "xnnpack");
    throw error;
  }
}

async function openInLiteRt(content: Uint8Array, path: string, kernels: LiteRtKernels): Promise<ClipNetwork> {
  // LiteRT is large: it is loaded only where it runs.
  const { openLiteRt } = await import("../formats/litert.js");
  const runtime = await openLiteRt(content, path, kernels);
  const { inputs, outputs } = runtime;
  return {
    inputs,
    outputs,
    size: {},
    run: async (input) => (await runtime.run([input as Float32Array]))[0],
    close: () => runtime.close(),
  };
}

const dtypes: Readonly<Record<string, DType>> = { float32: "f32", int8: "i8", uint8: "u8", int16: "i16" };

function checkInterface(
  { inputs, outputs }: ClipNetwork,
  path: string,
  wanted: { samples: number; features: number; labels: number; stream: TfliteMetadata["stream"] },
): void {
  const refuse = (found: string): never => {
    throw new UserError(
      `${path}: ${found}; name the model that it was made from with --reference, or give --frontend and --labels`,
    );
  };
  const isClip = inputs.length === 1 && [wanted.samples, wanted.features].includes(sizeOf(inputs[0].shape));
  if (wanted.stream !== undefined && !isClip)
    throw new UserError(
      `${path}: hears a step of sound after another, not clips; 'earshot listen' hears it where it takes samples ` +
        "('earshot export MODEL --stream context --features builtin'), and the model that it was made from takes clips",
    );
  if (inputs.length !== 1 || !(inputs[0].dtype in dtypes) || !(outputs[0].dtype in dtypes)) {
    const found = [...inputs, ...outputs].map(({ dtype, shape }) => `${dtype}[${shape.join(",")}]`).join(", ");
    throw new UserError(
      `${path}: its inputs and outputs are ${found}; one input of float32, int8, uint8 or int16 can be evaluated`,
    );
  }
  const [takes, gives] = [sizeOf(inputs[0].shape), sizeOf(outputs[0].shape)];
  if (takes !== wanted.samples && takes !== wanted.features)
    refuse(`takes ${takes} numbers, neither ${wanted.features} features nor ${wanted.samples} samples`);
  if (gives !== wanted.labels) refuse(`gives ${gives} scores for ${wanted.labels} labels`);
}

/** Scores clips one at a time. The outputs are probabilities already, unless the file says that they are logits. */
function scorer(
  network: ClipNetwork,
  content: Uint8Array,
  path: string,
  { rounding, isLogits }: Surroundings & { readonly isLogits: boolean },
) {
  const [subgraph] = readTfliteFile(content, path).subgraphs;
  const quantizationOf = (index: number | undefined): Quantization | undefined => subgraph?.tensors[index ?? -1]?.quantization;
  const [input, output] = [network.inputs[0], network.outputs[0]];
  const [takes, gives] = [sizeOf(input.shape), sizeOf(output.shape)];
  const stored = storing(dtypes[input.dtype], quantizationOf(subgraph?.inputs[0]), rounding);
  const real = output.dtype === "float32" ? undefined : quantizationOf(subgraph?.outputs[0]);
  const score = async (values: Float32Array, count: number): Promise<Float32Array> => {
    const scores = new Float32Array(count * gives);
    for (let i = 0; i < count; i++) {
      const result = await network.run(stored(values.slice(i * takes, (i + 1) * takes)));
      for (let j = 0; j < gives; j++)
        scores[i * gives + j] = real ? (result[j] - (real.zeroPoint[0] ?? 0)) * (real.scale[0] ?? 1) : result[j];
    }
    if (isLogits) softmaxRows(scores, gives);
    return scores;
  };
  return { score, close: () => network.close() };
}

/** Real numbers as the network takes them. */
function storing(dtype: DType, quantization: Quantization | undefined, rounding: Rounding): (x: Float32Array) => ParameterData {
  if (dtype === "f32") return (x) => x;
  const scale = { scale: Math.fround(quantization?.scale[0] ?? 1), zeroPoint: quantization?.zeroPoint[0] ?? 0 };
  const [low, high] = integerRange(dtype);
  const cut = (x: number): number => Math.trunc(Math.fround(Math.fround(x / scale.scale) + scale.zeroPoint));
  const toStored = (x: number): number =>
    rounding === "nearest" ? storedValue(x, scale, dtype) : Math.max(low, Math.min(high, cut(x)));
  if (dtype === "u8") return (x) => Uint8Array.from(x, toStored);
  return dtype === "i16" ? (x) => Int16Array.from(x, toStored) : (x) => Int8Array.from(x, toStored);
}
