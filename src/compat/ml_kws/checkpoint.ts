import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { UsageError, UserError } from "../../base/errors.js";
import { silenceLabel, unknownLabel } from "../../corpus/clip.js";
import { type ImportOptions, importModel } from "../../formats/import/index.js";
import type { Model } from "../../formats/model.js";
import { loadModel } from "../../formats/model_file.js";
import { rateOf } from "../../formats/model_rate.js";
import { resolveModel } from "../../formats/shipped.js";
import { checkpointPrefix } from "../../formats/tensorflow/checkpoint.js";
import { describeFrontend, type FrontendInput } from "../../frontend/frontend.js";
import type { Graph } from "../../graph/types.js";
import { samplesOf } from "../../measure/spotter_model.js";
import { buildModel } from "../../zoo/index.js";
import { type NetworkFlags, wordsOf } from "./flags.js";
import { frontendOf, givenFrontendFlags, networkOf, soundOf } from "./network.js";

/**
 * The model of `--checkpoint`: a model file, whose ending may be missing, the name of a model that comes with earshot, or a checkpoint of
 * TensorFlow by the beginning of its files' names. A model file knows its network, front end and labels; flags that were given must agree
 * with it. Of a checkpoint of TensorFlow they say what the network is, unless it shall be found by its layers.
 * @throws UserError where there is none or it cannot be read, UsageError where a flag says something else than the file
 */
export async function openCheckpoint(path: string, flags: NetworkFlags): Promise<Model> {
  const withEnding = `${path}.safetensors`;
  if (!existsSync(withEnding) && checkpointPrefix(path) !== undefined) return importCheckpoint(path, flags);
  const model = await loadModel(resolveModel(existsSync(withEnding) ? withEnding : path));
  refuseOtherNetwork(path, model, flags);
  refuseOtherFrontend(path, model, flags);
  refuseOtherWords(path, model, flags);
  return model;
}

const isNetworkGiven = ({ given }: NetworkFlags): boolean => given.has("model_architecture") || given.has("model_size_info");

async function importCheckpoint(path: string, flags: NetworkFlags): Promise<Model> {
  try {
    return await importModel(path, importOptions(flags));
  } catch (error) {
    if (isNetworkGiven(flags) || !(error instanceof UserError)) throw error;
    throw new UsageError(`${error.message} (here: --model_architecture, --model_size_info and the flags of the features)`);
  }
}

function importOptions(flags: NetworkFlags): ImportOptions {
  const labels = [silenceLabel, unknownLabel, ...wordsOf(flags.values.wanted_words)];
  const sound = { frontend: frontendOf(flags), ...soundOf(flags) };
  if (!isNetworkGiven(flags)) return { labels, ...(givenFrontendFlags(flags).length > 0 ? sound : {}) };
  const { name, options } = networkOf(flags);
  return { labels, ...sound, network: name, options };
}

function refuseOtherNetwork(path: string, { graph, labels }: Model, flags: NetworkFlags): void {
  if (!isNetworkGiven(flags)) return;
  const { name, options } = networkOf(flags);
  const [, frames, features] = graph.inputs[0].value.type.shape as [number, number, number];
  const wanted = buildModel(name, options, { frames, features, labels: labels.length });
  const difference = differenceOf(parameterShapes(wanted), parameterShapes(graph));
  if (difference === undefined) return;
  throw new UsageError(
    `${path}: is another network than --model_architecture ${flags.values.model_architecture} --model_size_info ` +
      `${flags.values.model_size_info.join(" ")}: ${difference}`,
  );
}

function parameterShapes({ parameters }: Graph): Map<string, string> {
  return new Map(parameters.map(({ name, value }) => [name, value.type.shape.join(" x ")]));
}

function differenceOf(wanted: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string | undefined {
  for (const [name, shape] of wanted) {
    if (!found.has(name)) return `there is no ${name}`;
    if (found.get(name) !== shape) return `${name} is ${found.get(name)}, not ${shape}`;
  }
  const more = [...found.keys()].find((name) => !wanted.has(name));
  return more === undefined ? undefined : `there is a ${more} too`;
}

function refuseOtherFrontend(path: string, model: Model, flags: NetworkFlags): void {
  const given = givenFrontendFlags(flags);
  if (given.length === 0) return;
  const own = describeFrontend(model.frontendDescription as FrontendInput);
  const { rate, samples } = soundOf(flags);
  if (isDeepStrictEqual(frontendOf(flags), own) && rate === rateOf(model) && samples === samplesOf(model)) return;
  throw new UsageError(
    `${path}: was trained on other features than ${given.map((name) => `--${name}`).join(", ")} say: ${JSON.stringify(own)} at ` +
      `${rateOf(model)} Hz, ${samplesOf(model)} samples; leave these flags out, and it takes its own`,
  );
}

function refuseOtherWords(path: string, { labels }: Model, { values, given }: NetworkFlags): void {
  if (!given.has("wanted_words")) return;
  const wanted = wordsOf(values.wanted_words);
  const own = labels.filter((label) => !label.startsWith("_"));
  if (isDeepStrictEqual(wanted, own)) return;
  throw new UsageError(`${path}: its words are ${own.join(",")}, and --wanted_words says ${wanted.join(",")}`);
}
