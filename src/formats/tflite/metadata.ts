import { FormatError } from "../../base/errors.js";
import { parseFrontend } from "../../frontend/frontend.js";
import { printGraph } from "../../graph/text_print.js";
import { duplicateKey } from "../json_keys.js";
import type { Model } from "../model.js";
import { BoundedReader } from "./bounded_reader.js";

/** Name of earshot's entry in the list of metadata of a .tflite file; other tools skip it. */
const entryName = "earshot";
/** Bytes of the longest entry that is read. */
const longestEntry = 1 << 24;
const mostEntries = 1 << 12;

/** What a .tflite file that earshot wrote says about itself. */
export interface TfliteMetadata {
  readonly labels: readonly string[];
  /** What the file takes: features, or samples with the front end inside. */
  readonly features: "none" | "builtin" | "op";
  /** Samples a second. */
  readonly rate: number;
  /** Front end: its description and its graph as text (parseGraph). */
  readonly frontendDescription: Model["frontendDescription"];
  readonly frontend: string;
  readonly licence: string;
  /** "logits" where the output has no softmax behind it. */
  readonly outputs?: "logits";
  /** Of the model's `training`: from which probability on it accepts a keyword, and when it counts one as heard. */
  readonly decisions?: Model["training"];
  /**
   * Of a file that hears a step after another: frames of a step, how many of the first step's lie before the stream (zeros), frames
   * from one result to the next and to the first one, and before which step (from 0) the caller sets each state to zero (an integer
   * one to its zero point); all are so before step 0. A file that keeps its states itself has no starts.
   */
  readonly stream?: {
    readonly form: "context" | "window";
    readonly chunk: number;
    readonly lead: number;
    readonly resultStride: number;
    readonly resultLatest: number;
    readonly starts: { readonly [state: string]: number };
  };
}

/** Metadata that the writer puts into the file. */
export function modelMetadata(
  model: Model,
  options: Pick<TfliteMetadata, "features" | "rate"> & {
    stream: TfliteMetadata["stream"] | undefined;
    outputs: "probabilities" | "logits" | undefined;
  },
): Map<string, Uint8Array> {
  const { features, rate, stream, outputs } = options;
  const { threshold, listening } = model.training;
  const decisions = { ...(threshold === undefined ? {} : { threshold }), ...(listening === undefined ? {} : { listening }) };
  const entry: TfliteMetadata = {
    labels: model.labels,
    features,
    rate,
    frontendDescription: model.frontendDescription,
    frontend: printGraph(model.frontend),
    licence: model.licence,
    ...(outputs === "logits" ? { outputs } : {}),
    ...(Object.keys(decisions).length > 0 ? { decisions } : {}),
    ...(stream ? { stream } : {}),
  };
  return metadataEntries(entry);
}

/** The entry of a file's list of metadata that says this. */
export function metadataEntries(entry: TfliteMetadata): Map<string, Uint8Array> {
  return new Map([[entryName, new TextEncoder().encode(JSON.stringify(entry))]]);
}

/**
 * Reads what earshot wrote beside the network, or undefined where the file comes from another tool.
 * @param file name for error messages
 * @throws FormatError where the bytes are no .tflite file or the entry is damaged
 */
export function readTfliteMetadata(bytes: Uint8Array, file: string): TfliteMetadata | undefined {
  const entry = findEntry(bytes, file);
  if (!entry) return undefined;
  const refuse = (found: string): never => {
    throw new FormatError(
      file,
      `metadata ${entryName}`,
      found,
      "take an undamaged copy, or name the model that it was made from",
    );
  };
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(entry);
    value = JSON.parse(text);
  } catch {
    return refuse("is not JSON");
  }
  if (duplicateKey(text) !== undefined) refuse("has a key twice");
  if (!isMetadata(value)) return refuse("does not have labels, features, rate, frontendDescription, frontend and licence");
  const place = `${file}: metadata ${entryName}, frontendDescription`;
  return { ...value, frontendDescription: parseFrontend(JSON.stringify(value.frontendDescription), place) };
}

function isMetadata(value: unknown): value is TfliteMetadata {
  if (typeof value !== "object" || value === null) return false;
  const { labels, features, rate, frontendDescription, frontend, licence, decisions = {} } = value as Record<string, unknown>;
  const isTable = typeof frontendDescription === "object" && frontendDescription !== null && !Array.isArray(frontendDescription);
  const isKind = features === "none" || features === "builtin" || features === "op";
  const isRate = typeof rate === "number" && rate > 0 && Number.isFinite(rate);
  const isList = Array.isArray(labels) && labels.length > 0 && labels.every((l) => typeof l === "string");
  const isDecided = typeof decisions === "object" && decisions !== null && !Array.isArray(decisions);
  return isList && isTable && isDecided && isKind && isRate && typeof frontend === "string" && typeof licence === "string";
}

/** Content of earshot's entry, found through the tables Model, Metadata and Buffer. Every offset is checked. */
function findEntry(bytes: Uint8Array, file: string): Uint8Array | undefined {
  const reader = new BoundedReader(bytes, file);
  const model = reader.root();
  const buffers = reader.vector(reader.field(model, 4), 4);
  const metadata = reader.vector(reader.field(model, 6), 4);
  if (!buffers || !metadata) return undefined;
  if (metadata.length > mostEntries) reader.refuse(metadata.start, `${metadata.length} entries of metadata`);
  for (let i = 0; i < metadata.length; i++) {
    const entry = reader.indirect(metadata.start + 4 * i);
    const name = reader.vector(reader.field(entry, 0), 1);
    if (!name || name.length > 256 || new TextDecoder().decode(reader.bytes(name)) !== entryName) continue;
    const at = reader.field(entry, 1);
    const index = at === undefined ? 0 : reader.uint32(at);
    if (index >= buffers.length) reader.refuse(entry, `buffer ${index} of ${buffers.length}`);
    const content = reader.vector(reader.field(reader.indirect(buffers.start + 4 * index), 0), 1);
    if (!content) return undefined;
    if (content.length > longestEntry) reader.refuse(content.start, `an entry of ${content.length} bytes`);
    return reader.bytes(content);
  }
  return undefined;
}
