import { UserError } from "../base/errors.js";
import { countParameters, multiplyAccumulates } from "../graph/count.js";
import type { Model } from "../formats/model.js";
import { rateOf } from "../formats/model_rate.js";
import type { FrontendDescription } from "../frontend/frontend.js";
import type { ParameterData } from "../graph/types.js";
import { FrontendRunner } from "../train/frontend_runner.js";
import { Inference } from "../train/inference.js";
import type { LoaderFrontend } from "../train/loader_plan.js";
import { type ListeningRule, listeningRuleOf, thresholdOf } from "./listening_rule.js";
import type { Runtime } from "./runtime.js";

export { rateOf };

/** How a model is opened. */
export interface SpotterOptions {
  /** Default: "earshot"; for a .tflite file with operators that earshot does not read, "litert". */
  runtime?: Runtime | undefined;
  target?: "oracle" | "wasm" | "native" | "auto" | undefined;
  threads?: number | undefined;
  /** Model file whose labels and front end a .tflite file goes with. */
  reference?: string | undefined;
  /** Front end of a .tflite file: its description, the name of a preset, or a file with the description. */
  frontend?: string | FrontendDescription | undefined;
  /** Labels of a .tflite file, or a file with them, one a line. */
  labels?: string | readonly string[] | undefined;
  /** Clips that the front end of a .tflite file hears; a second at 16 kHz where neither this nor the file says so. */
  sound?: { readonly rate: number; readonly samples: number } | undefined;
  /** Clips that the network computes together; fewer cost as much. Default 32. */
  group?: number | undefined;
}

/** A model that is ready to label sounds. */
export interface Spotter {
  /** Name of the model or its file. */
  readonly name: string;
  readonly labels: readonly string[];
  /** Probability from which on a keyword is accepted, where the model has one. */
  readonly threshold?: number | undefined;
  /** When a keyword counts as heard in a long sound, as far as the model says so. */
  readonly listening?: Partial<ListeningRule>;
  /** Samples of a clip. */
  readonly samples: number;
  /** Hz. */
  readonly rate: number;
  /** What is known of the model's size. */
  readonly size: { parameters?: number; multiplyAccumulates?: number; bytes?: number };
  /** What its front end is built from. */
  readonly frontendDescription: Model["frontendDescription"];
  /** Frames and coefficients of its features. */
  readonly featureShape: readonly [number, number];
  /**
   * Labels sounds.
   * @param audio shape [count, samples]
   * @returns probabilities, shape [count, labels]
   * @throws UserError where there are more or fewer samples, or the spotter is closed
   */
  scoreSounds(audio: Float32Array, count: number): Promise<Float32Array>;
  /** Labels features, shape [count, T, F], for models that take them. */
  scoreFeatures(features: Float32Array, count: number): Promise<Float32Array>;
  close(): void;
}

/** Audio to features, as the whole front end of the model in one. */
export function frontendOf(model: Model): LoaderFrontend {
  const shape = model.graph.inputs[0].value.type.shape;
  const featureShape: [number, number] = [shape[1], shape[2]];
  return { fromAudio: model.frontend, arrayShape: featureShape, featureShape };
}

/** Samples of a clip of a model. */
export function samplesOf(model: Model): number {
  return model.frontend.inputs[0].value.type.shape[1];
}

/** Opens a model that is in memory. */
export async function openModel(
  model: Model,
  options: SpotterOptions & { name: string; bytes?: number | undefined },
): Promise<Spotter> {
  const { target = "auto", threads = 1, group } = options;
  const samples = samplesOf(model);
  const runner = await FrontendRunner.open(frontendOf(model), samples, target);
  const network = await Inference.open(model.graph, { target, threads, group });
  network.setParameters((name) => model.parameters.get(name) as ParameterData);
  const length = network.featureShape[0] * network.featureShape[1];
  const scoreFeatures = async (features: Float32Array, count: number): Promise<Float32Array> => {
    const scores = new Float32Array(count * network.labels);
    network.run(features, count, scores);
    softmaxRows(scores, network.labels);
    return scores;
  };
  return {
    name: options.name,
    labels: model.labels,
    threshold: thresholdOf(model),
    listening: listeningRuleOf(model),
    samples,
    rate: rateOf(model),
    size: {
      parameters: countParameters(model.graph, { trainable: true }),
      multiplyAccumulates: multiplyAccumulates(model.graph),
      ...(options.bytes === undefined ? {} : { bytes: options.bytes }),
    },
    frontendDescription: model.frontendDescription,
    featureShape: network.featureShape,
    scoreFeatures: async (features, count) => scoreFeatures(requireClips(features, count, length, "features"), count),
    scoreSounds: async (audio, count) =>
      scoreFeatures(computeFeatures(runner, requireClips(audio, count, samples, "samples"), count, samples, length), count),
    close: () => {
      runner.close();
      network.close();
    },
  };
}

/**
 * The clips, if there are as many numbers as clips have; of too few, the rest would be those of the clips before.
 * @throws UserError
 */
export function requireClips(values: Float32Array, count: number, length: number, what: string): Float32Array {
  if (Number.isSafeInteger(count) && count >= 0 && values.length === count * length) return values;
  throw new UserError(`${values.length} ${what} for ${count} clips; a clip has ${length}`);
}

/** Features of sounds, shape [count, T, F]. */
export function computeFeatures(
  runner: FrontendRunner,
  audio: Float32Array,
  count: number,
  samples: number,
  length: number,
): Float32Array {
  const features = new Float32Array(count * length);
  for (let from = 0; from < count; from += runner.group) {
    const members = Math.min(runner.group, count - from);
    for (let i = 0; i < members; i++) runner.audio(i).set(audio.subarray((from + i) * samples, (from + i + 1) * samples));
    runner.run();
    for (let i = 0; i < members; i++) features.set(runner.result(i), (from + i) * length);
  }
  return features;
}

/** Softmax of each row, in place. */
export function softmaxRows(scores: Float32Array, width: number): void {
  for (let first = 0; first < scores.length; first += width) {
    const row = scores.subarray(first, first + width);
    const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
    let sum = 0;
    for (let i = 0; i < width; i++) {
      row[i] = Math.exp(row[i] - largest);
      sum += row[i];
    }
    for (let i = 0; i < width; i++) row[i] /= sum;
  }
}
