import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../base/errors.js";
import type { LiteRtModel } from "../formats/litert.js";
import { openLiteRt } from "../formats/litert.js";
import type { Model } from "../formats/model.js";
import { loadModel } from "../formats/model_file.js";
import { resolveModel } from "../formats/shipped.js";
import { readTfliteMetadata } from "../formats/tflite/metadata.js";
import { parseGraph } from "../graph/text_parse.js";
import type { Graph } from "../graph/types.js";
import { FrontendRunner } from "../train/frontend_runner.js";
import type { Spotter, SpotterOptions } from "./spotter_model.js";
import { computeFeatures, rateOf } from "./spotter_model.js";

/** What goes with the network of a .tflite file. */
interface Surroundings {
  labels: readonly string[];
  rate: number;
  /** Audio to features. */
  frontend: Graph;
  frontendDescription: Model["frontendDescription"];
}

/** Opens a .tflite file in LiteRT. Labels and front end come from its metadata, or from the reference. */
export async function openTfliteSpotter(path: string, bytes: number, options: SpotterOptions): Promise<Spotter> {
  const content = new Uint8Array(await readFile(path));
  const around = await surroundings(content, path, options.reference);
  const runtime = await openLiteRt(content, path);
  const samples = around.frontend.inputs[0].value.type.shape[1];
  const [, frames, bins] = around.frontend.outputs[0].value.type.shape;
  const featureShape = [frames, bins] as const;
  const takes = elements(runtime.inputs[0].shape);
  checkInterface(runtime, path, { samples, features: frames * bins, labels: around.labels.length });
  const frontend = { fromAudio: around.frontend, arrayShape: featureShape, featureShape };
  const runner = takes === samples ? undefined : await FrontendRunner.open(frontend, samples, options.target ?? "auto");
  const score = (values: Float32Array, count: number) => runEach(runtime, values, count, takes, around.labels.length);
  return {
    name: basename(path),
    labels: around.labels,
    samples,
    rate: around.rate,
    size: { bytes },
    frontendDescription: around.frontendDescription,
    featureShape,
    scoreFeatures: async (features, count) => {
      if (runner === undefined) throw new UserError(`${path}: takes samples, not features; evaluate it on sounds with --data`);
      return score(features, count);
    },
    scoreSounds: (audio, count) =>
      score(runner === undefined ? audio : computeFeatures(runner, audio, count, samples, takes), count),
    close: () => {
      runner?.close();
      runtime.close();
    },
  };
}

async function surroundings(content: Uint8Array, path: string, reference: string | undefined): Promise<Surroundings> {
  if (reference !== undefined) {
    const model = await loadModel(resolveModel(reference));
    const { labels, frontend, frontendDescription } = model;
    return { labels, frontend, frontendDescription, rate: rateOf(model) };
  }
  const metadata = readTfliteMetadata(content, path);
  if (metadata === undefined) {
    throw new UserError(
      `${path}: the file does not say its labels and front end, as those that earshot writes do; name a model that has the same with --reference`,
    );
  }
  const { labels, rate, frontendDescription } = metadata;
  return { labels, rate, frontendDescription, frontend: parseGraph(metadata.frontend, `${path}: metadata, front end`) };
}

function checkInterface(
  { inputs, outputs }: LiteRtModel,
  path: string,
  wanted: { samples: number; features: number; labels: number },
): void {
  const refuse = (found: string): never => {
    throw new UserError(`${path}: ${found}; name the model that it was made from with --reference`);
  };
  if (inputs.length !== 1 || inputs[0].dtype !== "float32" || outputs[0].dtype !== "float32") {
    const found = [...inputs, ...outputs].map(({ dtype, shape }) => `${dtype}[${shape.join(",")}]`).join(", ");
    throw new UserError(`${path}: its inputs and outputs are ${found}; one float32 input and output can be evaluated`);
  }
  const [takes, gives] = [elements(inputs[0].shape), elements(outputs[0].shape)];
  if (takes !== wanted.samples && takes !== wanted.features)
    refuse(`takes ${takes} numbers, neither ${wanted.features} features nor ${wanted.samples} samples`);
  if (gives !== wanted.labels) refuse(`gives ${gives} scores for ${wanted.labels} labels`);
}

const elements = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** LiteRT takes one clip at a time. Its outputs are probabilities already. */
async function runEach(
  runtime: LiteRtModel,
  values: Float32Array,
  count: number,
  takes: number,
  gives: number,
): Promise<Float32Array> {
  const scores = new Float32Array(count * gives);
  for (let i = 0; i < count; i++) {
    const [output] = await runtime.run([values.slice(i * takes, (i + 1) * takes)]);
    scores.set(output, i * gives);
  }
  return scores;
}
