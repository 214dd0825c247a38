import * as v from "valibot";
import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import type { Graph } from "../graph/types.js";
import { earshotArchitectures, earshotModels } from "./earshot/index.js";
import { edgemlArchitectures, edgemlModels } from "./edgeml/index.js";
import { helloEdgeArchitectures } from "./hello_edge/index.js";
import { helloEdgeSizes } from "./hello_edge/sizes.js";
import { kwsStreamingArchitectures, kwsStreamingModels } from "./kws_streaming/index.js";
import { microWakeWordArchitectures, microWakeWordModels } from "./micro_wake_word/index.js";
import { mlperfTinyArchitectures, mlperfTinyModels } from "./mlperf_tiny/index.js";
import { speechrecArchitectures, speechrecModels } from "./speechrec/index.js";
import type { Architecture, ModelOptions, ModelShape, ZooModel } from "./model.js";
import { optionName, parseOptions } from "./options.js";

/** All architectures. */
export const architectures: readonly Architecture[] = [
  ...helloEdgeArchitectures,
  ...kwsStreamingArchitectures,
  ...edgemlArchitectures,
  ...speechrecArchitectures,
  ...mlperfTinyArchitectures,
  ...microWakeWordArchitectures,
  ...earshotArchitectures,
];

/** Architectures with the options of their publications. */
export const zooModels: readonly ZooModel[] = [
  ...helloEdgeSizes,
  ...kwsStreamingModels,
  ...edgemlModels,
  ...speechrecModels,
  ...mlperfTinyModels,
  ...microWakeWordModels,
  ...earshotModels,
];

/** What a name stands for. */
export interface ResolvedModel {
  readonly architecture: Architecture;
  /** Options that the name brings; an architecture's own name brings none. */
  readonly options: ModelOptions;
  /** The published model of this name, or for an architecture its first. */
  readonly published: ZooModel;
}

/**
 * Finds a model by name: "ds_cnn_s", "svdf", or an architecture, "hello_edge/ds_cnn" or "ds_cnn" (with its defaults). A network's name
 * that several families have, such as "ds_cnn", is Hello Edge's; "kws_streaming/ds_cnn" is the other.
 * @throws UsageError listing the names
 */
export function findModel(name: string): ResolvedModel {
  const wanted = name.toLowerCase().replaceAll("-", "_");
  const model = zooModels.find((m) => m.name === wanted);
  const architecture = architectures.find((a) =>
    model ? a.name === model.architecture : a.name === wanted || a.name.endsWith(`/${wanted}`),
  );
  if (!architecture) {
    const close = nearest(wanted, modelNames());
    const guess = close ? `; the nearest is '${close}'` : "";
    throw new UsageError(`there is no model '${name}'${guess}; there are ${modelNames().join(", ")}`);
  }
  const published = model ?? (zooModels.find((m) => m.architecture === architecture.name) as ZooModel);
  return { architecture, options: model?.options ?? {}, published };
}

/** Every name that `findModel` takes: models first, then architectures. */
export function modelNames(): string[] {
  return [...zooModels.map((m) => m.name), ...architectures.map((a) => a.name)];
}

/**
 * Checks the options of a model: those given, over those that the name brings, over the architecture's defaults.
 * @throws UsageError naming the option, what was found and what there is
 */
export function resolveOptions(name: string, options: ModelOptions = {}): Record<string, unknown> {
  const found = findModel(name);
  const given = Object.keys(options).map(optionName);
  const brought = Object.entries(found.options).filter(([key]) => !given.includes(key));
  return parseOptions(found.architecture.name, found.architecture.schema, { ...Object.fromEntries(brought), ...options });
}

/**
 * Builds a model's graph: input "features" f32[1, frames, features], output "logits" f32[1, labels].
 * @param name a model or an architecture
 * @param options options that differ from what the name stands for; see the architecture's schema
 * @throws UsageError for an unknown name or option, or where the layers do not fit the shape
 */
export function buildModel(name: string, options: ModelOptions, shape: ModelShape): Graph {
  const limits: Record<keyof ModelShape, number> = { frames: 100_000, features: 16_384, labels: 100_000 };
  for (const key of ["frames", "features", "labels"] as const) {
    if (Number.isInteger(shape[key]) && shape[key] >= 1 && shape[key] <= limits[key]) continue;
    throw new UsageError(`${name}: the number of ${key} must be a whole number from 1 to ${limits[key]}, found ${shape[key]}`);
  }
  return findModel(name).architecture.build(resolveOptions(name, options), shape);
}

/** Names of an architecture's options with their defaults. */
export function defaultOptions(name: string): Record<string, unknown> {
  return v.getDefaults(findModel(name).architecture.schema) as Record<string, unknown>;
}

export type { Architecture, ModelOptions, ModelShape, ZooModel } from "./model.js";
