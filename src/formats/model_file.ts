import { createHash } from "node:crypto";
import { FormatError, UserError } from "../base/errors.js";
import { findJsonFault } from "../base/json.js";
import { readBounded } from "../base/read_file.js";
import { disk, type FileLayer } from "../base/file_layer.js";
import { parseFrontend } from "../frontend/frontend.js";
import { parseGraph } from "../graph/text_parse.js";
import { printGraph } from "../graph/text_print.js";
import { type DType, type Graph, type ParameterData, sizeOf, typeText } from "../graph/types.js";
import { verifyGraph } from "../graph/verify.js";
import type { Json, Model } from "./model.js";
import { notAModel } from "./not_a_model.js";
import { parseSafetensors, type Safetensors, writeSafetensors } from "./safetensors.js";
import { readStream, streamMetadata } from "./stream_metadata.js";
import { writeFileSafely } from "./write_file.js";

/** Version of the model file; files of a later version are refused. */
export const modelFileVersion = 1;

/** Bytes of the largest model file that is read: the largest model of the zoo has 5 MB. */
const largestFile = 1 << 30;
const mostLabels = 1 << 16;
/** Elements of all values of a graph together (512 MiB): the zoo's graphs have some hundred thousand. */
const mostElements = 2 ** 27;
const checksumKey = "earshot.checksum";

/** The bytes of a model file: one .safetensors with weights by path and everything else in its metadata. */
export function writeModel(model: Model): Uint8Array {
  const tensors: Safetensors["tensors"] = new Map();
  for (const { name, value } of model.graph.parameters) {
    const data = model.parameters.get(name);
    if (!data) throw new UserError(`the model has no values for parameter ${name}`);
    if (data.length !== sizeOf(value.type.shape))
      throw new UserError(`parameter ${name} is ${typeText(value.type)}, and its values are ${data.length}`);
    tensors.set(name, { type: storedType(value.type.dtype, name), shape: value.type.shape, data });
  }
  const metadata = new Map([
    ["format", "earshot"],
    ["earshot.version", String(modelFileVersion)],
    ["earshot.graph", printGraph(model.graph)],
    ["earshot.frontend", printGraph(model.frontend)],
    ["earshot.frontend_description", JSON.stringify(model.frontendDescription)],
    ["earshot.labels", JSON.stringify(model.labels)],
    ["earshot.training", JSON.stringify(model.training)],
    ["earshot.licence", model.licence],
    ...(model.stream === undefined ? [] : streamMetadata(model.stream)),
  ]);
  metadata.set(checksumKey, modelDigest({ tensors, metadata }));
  return writeSafetensors({ tensors, metadata });
}

/**
 * SHA-256 over the metadata and the tensors of a model file, so that a flipped bit anywhere is noticed.
 * @returns 64 hexadecimal digits
 */
export function modelDigest({ tensors, metadata }: Safetensors): string {
  const hash = createHash("sha256");
  for (const [key, text] of [...metadata].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    if (key !== checksumKey) hash.update(JSON.stringify([key, text]));
  for (const [name, { type, shape, data }] of [...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(JSON.stringify([name, type, shape])).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest("hex");
}

/** How parameters of an element type are stored. */
function storedType(dtype: DType, name: string): "F32" | "I32" | "I16" | "I8" | "U8" {
  if (dtype === "f64") throw new UserError(`parameter ${name} is f64, which model files do not hold`);
  return dtype.toUpperCase() as "F32" | "I32" | "I16" | "I8" | "U8";
}

function isParameterData(data: unknown): data is ParameterData {
  return [Float32Array, Int32Array, Int16Array, Int8Array, Uint8Array].some((kind) => data instanceof kind);
}

/** Writes the model to a temporary name, syncs it and renames it. */
export async function saveModel(path: string, model: Model, files: FileLayer = disk): Promise<void> {
  await writeFileSafely(path, writeModel(model), files);
}

/**
 * Reads a model file.
 * @throws UserError where the file cannot be read, FormatError where it is no model
 */
export async function loadModel(path: string): Promise<Model> {
  const bytes = await readBounded(path, largestFile, "a model has some megabytes");
  return parseModel(bytes, path);
}

/** What to do with a safetensors file that is no model. */
function remedyOf(metadata: ReadonlyMap<string, string>): string {
  if (metadata.get("format") === "earshot-checkpoint")
    return "this is a checkpoint, from which 'earshot train --resume RUN' goes on; the run's models are best.safetensors and last.safetensors";
  return "give a model that earshot has written; 'earshot import' reads state dicts of PyTorch";
}

/** Reads the bytes of a model file; `file` is its name in error messages. */
export function parseModel(bytes: Uint8Array, file: string): Model {
  const other = notAModel(bytes, file);
  if (other !== undefined) throw other;
  const { tensors, metadata } = parseSafetensors(bytes, file);
  const text = (key: string): string => {
    const value = metadata.get(key);
    if (value === undefined) throw new FormatError(file, `metadata ${key}`, "is missing", remedyOf(metadata));
    return value;
  };
  checkVersion(text("earshot.version"), file);
  checkDigest({ tensors, metadata }, file);
  const graph = readGraph(text("earshot.graph"), `${file}: metadata earshot.graph`);
  const frontend = readGraph(text("earshot.frontend"), `${file}: metadata earshot.frontend`);
  const labels = readLabels(text("earshot.labels"), file);
  const model: Model = {
    graph,
    frontend,
    frontendDescription: parseFrontend(text("earshot.frontend_description"), `${file}: metadata earshot.frontend_description`),
    labels,
    parameters: readParameters(graph, tensors, file),
    training: readTable(text("earshot.training"), "earshot.training", file),
    licence: text("earshot.licence"),
  };
  checkInterfaces(model, file);
  if (!metadata.has("earshot.stream")) return model;
  const table = readTable(text("earshot.stream"), "earshot.stream", file);
  return { ...model, stream: readStream(table, (key) => readGraph(text(key), `${file}: metadata ${key}`), model, file) };
}

const remedy = "the file is damaged or was changed by hand: take another copy";

function checkVersion(text: string, file: string): void {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new FormatError(file, "metadata earshot.version", JSON.stringify(text.slice(0, 20)), remedy);
  if (Number(text) > modelFileVersion)
    throw new FormatError(
      file,
      "metadata earshot.version",
      `version ${text}`,
      `this earshot reads versions up to ${modelFileVersion}: take a newer one`,
    );
}

/** Files of the first versions have no checksum and are taken as they are. */
function checkDigest(content: Safetensors, file: string): void {
  const wanted = content.metadata.get(checksumKey);
  if (wanted !== undefined && wanted !== modelDigest(content))
    throw new FormatError(file, `metadata ${checksumKey}`, "does not fit the contents", remedy);
}

function readGraph(text: string, place: string): Graph {
  const graph = parseGraph(text, place);
  const elements = countElements(graph);
  if (elements > mostElements)
    throw new FormatError(place, "its values", `${elements} elements, at most ${mostElements}`, remedy);
  try {
    verifyGraph(graph);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new FormatError(place, "verifier", error.message, remedy);
  }
  return graph;
}

/** Elements of all values of a graph and of the bodies of its nodes. */
function countElements({ inputs, states, nodes }: Graph): number {
  let sum = 0;
  for (const { value } of inputs) sum += sizeOf(value.type.shape);
  for (const { input } of states) sum += sizeOf(input.type.shape);
  for (const { outputs, body } of nodes) {
    for (const { type } of outputs) sum += sizeOf(type.shape);
    if (body) sum += countElements(body);
  }
  return sum;
}

function readJson(text: string, key: string, file: string): unknown {
  const fault = findJsonFault(text);
  if (fault === undefined) return JSON.parse(text);
  throw new FormatError(file, `metadata ${key}`, `is not JSON: character ${fault.at + 1}: ${fault.found}`, remedy);
}

function readTable(text: string, key: string, file: string): { readonly [key: string]: Json } {
  const value = readJson(text, key, file);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new FormatError(file, `metadata ${key}`, "is not a JSON table", remedy);
  return value as { readonly [key: string]: Json };
}

function readLabels(text: string, file: string): string[] {
  const labels = readJson(text, "earshot.labels", file);
  const isList = Array.isArray(labels) && labels.length > 0 && labels.length <= mostLabels;
  if (!isList || !labels.every((l) => typeof l === "string") || new Set(labels).size !== labels.length)
    throw new FormatError(file, "metadata earshot.labels", "is not a list of different texts", remedy);
  return labels as string[];
}

function readParameters(graph: Graph, tensors: Safetensors["tensors"], file: string): Map<string, ParameterData> {
  const parameters = new Map<string, ParameterData>();
  for (const { name, value } of graph.parameters) {
    const tensor = tensors.get(name);
    const wanted = typeText(value.type);
    if (!tensor) throw new FormatError(file, `tensor ${name}`, `is missing; the graph needs ${wanted}`, remedy);
    const found = `${tensor.type.toLowerCase()}[${tensor.shape.join(",")}]`;
    if (found !== wanted || !isParameterData(tensor.data))
      throw new FormatError(file, `tensor ${name}`, `is ${found}; the graph needs ${wanted}`, remedy);
    parameters.set(name, tensor.data);
  }
  for (const name of tensors.keys())
    if (!parameters.has(name)) throw new FormatError(file, `tensor ${name.slice(0, 80)}`, "is no parameter of the graph", remedy);
  return parameters;
}

/** Front end, network and labels must fit each other. */
function checkInterfaces({ graph, frontend, labels }: Model, file: string): void {
  const refuse = (key: string, found: string): never => {
    throw new FormatError(file, `metadata ${key}`, found, remedy);
  };
  const features = graph.inputs.find((i) => i.name === "features");
  const logits = graph.outputs.find((o) => o.name === "logits");
  const audio = frontend.inputs.find((i) => i.name === "audio");
  const made = frontend.outputs.find((o) => o.name === "features");
  if (!features || graph.inputs.length !== 1) return refuse("earshot.graph", "has not the one input features");
  if (!logits) return refuse("earshot.graph", "has no output logits");
  if (!audio || frontend.inputs.length !== 1) return refuse("earshot.frontend", "has not the one input audio");
  if (!made) return refuse("earshot.frontend", "has no output features");
  if (frontend.parameters.length > 0) return refuse("earshot.frontend", "has parameters");
  // A network of integers takes the front end's numbers at the scale of its input.
  const taken = features.value.type.quantization ? { ...features.value.type, dtype: made.value.type.dtype } : features.value.type;
  if (typeText(made.value.type) !== typeText(taken))
    refuse("earshot.frontend", `gives ${typeText(made.value.type)}, and the network takes ${typeText(features.value.type)}`);
  const scores = logits.value.type.shape;
  if (scores.length !== 2 || scores[1] !== labels.length)
    refuse("earshot.labels", `${labels.length} labels for logits ${typeText(logits.value.type)}`);
}
