import { existsSync } from "node:fs";
import { basename } from "node:path";
import { UsageError, UserError } from "../../base/errors.js";
import { buildFrontend, featureShape, type FrontendDescription } from "../../frontend/frontend.js";
import { buildModel, findModel, resolveOptions } from "../../zoo/index.js";
import type { Architecture, ModelOptions, ZooModel } from "../../zoo/model.js";
import { kerasReaders } from "../keras/index.js";
import type { Json, Model } from "../model.js";
import { pytorchReaders } from "../pytorch/index.js";
import { pytorchMaps } from "../pytorch/maps.js";
import type { ForeignModel, ForeignReader, RecognisedNetwork, WeightMap } from "./foreign_model.js";
import { headOf } from "./head.js";
import { assignWeights } from "./weights.js";
import { tensorflowReaders } from "../tensorflow/index.js";

/** Kinds of file that are read; the first that recognises a file reads it. */
export const foreignReaders: readonly ForeignReader[] = [...pytorchReaders, ...tensorflowReaders, ...kerasReaders];

/** How networks' weights stand in them. */
export const weightMaps: readonly WeightMap[] = [...pytorchMaps];

/** What an import is told besides the file; what is missing is the file's, or the published model's. */
export interface ImportOptions {
  /** A model or an architecture of the zoo. */
  readonly network?: string | undefined;
  /** Its options; over those that the file shows. */
  readonly options?: ModelOptions | undefined;
  readonly frontend?: FrontendDescription | undefined;
  /** One a logit. */
  readonly labels?: readonly string[] | undefined;
  /** Hz. */
  readonly rate?: number | undefined;
  /** Samples of a clip. */
  readonly samples?: number | undefined;
  readonly licence?: string | undefined;
}

/**
 * Reads trained weights of another system as a model of ours.
 * @param path a file, or what stands for several (the prefix of a checkpoint)
 * @throws UserError where no reader knows the file or the network's weights are not known in this form; FormatError for a damaged file and
 *   for tensors that are missing, too many or of another shape; UsageError for an unknown network, option or front end
 */
export async function importModel(path: string, options: ImportOptions = {}): Promise<Model> {
  const head = await headOf(path);
  const reader = foreignReaders.find((candidate) => candidate.recognises(path, head));
  if (reader === undefined && head.length === 0 && !existsSync(path))
    throw new UserError(`${path}: there is no such file; check the path`);
  if (reader === undefined && path.toLowerCase().endsWith(".tflite"))
    throw new UserError(
      `${path}: a .tflite file needs no import: predict, evaluate, listen, profile and export take it as it is`,
    );
  if (reader === undefined)
    throw new UserError(
      `${path}: no file whose weights are known; give ${foreignReaders.map(({ title }) => title).join(", or ")}`,
    );
  return modelOf(await reader.read(path), path, options);
}

/** The model that tensors and settings make. */
export function modelOf(foreign: ForeignModel, file: string, options: ImportOptions = {}): Model {
  const recognised = options.network === undefined && foreign.network === undefined ? recognise(foreign, options) : undefined;
  const name = options.network ?? foreign.network?.name ?? recognised?.name;
  if (name === undefined)
    throw new UserError(`${file}: its tensors do not tell which network they belong to; name it with --network`);
  const { architecture, published } = findModel(name);
  const map = weightMaps.find((one) => one.format === foreign.format && one.architectures.includes(architecture.name));
  if (map === undefined && foreign.placed === undefined) throw unknownHere(file, foreign, architecture);
  const given = {
    ...(options.network === undefined ? (foreign.network?.options ?? recognised?.options) : {}),
    ...options.options,
  };
  const rate = options.rate ?? foreign.rate ?? 16_000;
  const samples = options.samples ?? foreign.samples ?? published.samples ?? rate;
  const frontendDescription = options.frontend ?? foreign.frontend ?? published.frontend;
  const count = foreign.placed?.labels ?? recognised?.labels ?? published.shape.labels;
  const labels = options.labels ?? foreign.labels ?? publishedLabels(file, count, published);
  if (foreign.placed && labels.length !== count)
    throw new UsageError(`${file}: the network tells ${count} labels apart, and --labels has ${labels.length}`);
  const graph = buildModel(name, given, { ...featureShape(frontendDescription, { samples, rate }), labels: labels.length });
  const parameters = foreign.placed
    ? foreign.placed.place(graph, name)
    : assignWeights(graph, map?.rows(architecture.name, graph, foreign.tensors) ?? [], foreign.tensors, file, map?.ignored);
  const resolved = resolveOptions(name, given) as { [key: string]: Json };
  return {
    graph,
    frontend: buildFrontend(frontendDescription, { samples, rate }),
    frontendDescription,
    labels,
    parameters,
    // The same entries as those of a trained model: the network can be built again from them, for training on.
    training: {
      model: name,
      imported: { file: basename(file), format: foreign.format },
      recipe: { model: { name: architecture.name, options: resolved }, rate, samples },
    },
    licence: options.licence ?? "",
  };
}

function recognise(foreign: ForeignModel, options: ImportOptions): RecognisedNetwork | undefined {
  if (foreign.placed) return foreign.placed.recognise(options);
  for (const map of weightMaps) {
    const found = map.format === foreign.format ? map.recognise?.(foreign.tensors) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function unknownHere(file: string, { format }: ForeignModel, { name }: Architecture): UserError {
  const known = weightMaps.flatMap((map) => (map.format === format ? map.architectures : []));
  return new UsageError(`${file}: how weights of ${name} stand in such a file is not known; it is of ${known.join(", ")}`);
}

const tenWords = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"];

/** Labels of the task that the network was published for. */
function publishedLabels(file: string, count: number, { name, family }: ZooModel): readonly string[] {
  const known = labelsOfTask(name, family);
  if (count === known.length) return known;
  throw new UsageError(`${file}: the file does not say its ${count} labels; give them with --labels, one a line`);
}

function labelsOfTask(name: string, family: ZooModel["family"]): readonly string[] {
  if (name === "tiny_sww") return ["marvin", "_silence_", "_unknown_"];
  if (family === "mlperf_tiny") return [...tenWords.toSorted(), "_silence_", "_unknown_"];
  return family === "speechrec" ? ["_unknown_", "_silence_", ...tenWords] : ["_silence_", "_unknown_", ...tenWords];
}
