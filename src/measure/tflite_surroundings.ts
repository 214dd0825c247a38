import { existsSync } from "node:fs";
import * as v from "valibot";
import { FormatError, UserError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { readBounded } from "../base/read_file.js";
import type { Model } from "../formats/model.js";
import { readLabels } from "../formats/labels_file.js";
import { loadModel } from "../formats/model_file.js";
import { resolveModel } from "../formats/shipped.js";
import { readTfliteMetadata } from "../formats/tflite/metadata.js";
import { buildFrontend, type FrontendDescription, parseFrontend, readFrontend } from "../frontend/frontend.js";
import { frontendPreset, frontendPresets } from "../frontend/presets.js";
import { parseGraph } from "../graph/text_parse.js";
import type { Graph } from "../graph/types.js";
import { rateOf, type SpotterOptions } from "./spotter_model.js";

/** How real features become the integers of a network: to the nearest, as TFLite's QUANTIZE, or cut towards zero, as MLPerf Tiny. */
export type Rounding = "nearest" | "truncate";

/** What goes with the network of a .tflite file. */
export interface Surroundings {
  readonly labels: readonly string[];
  readonly rate: number;
  /** Audio to features. */
  readonly frontend: Graph;
  readonly frontendDescription: Model["frontendDescription"];
  readonly rounding: Rounding;
  /** Of the model's training: by which probabilities it decides, where the file or the reference says so. */
  readonly decisions?: Model["training"] | undefined;
}

const longestText = 1 << 20;

/** X.json beside X.tflite. */
const besideSchema = v.object({
  frontend: v.optional(v.union([v.string(), v.record(v.string(), v.unknown())])),
  labels: v.optional(v.array(v.string())),
  rate: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1000), v.maxValue(384_000))),
  samples: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 24))),
  rounding: v.optional(v.picklist(["nearest", "truncate"])),
});
type Beside = v.InferOutput<typeof besideSchema>;

/** Presets whose originals cut instead of rounding. */
const cutting: ReadonlySet<string> = new Set(["FE-B", "FE-C"]);

/**
 * Labels and front end of a .tflite file: from the options, from the JSON file beside it (the same name with .json), from the reference,
 * or from what earshot wrote into it, in this order, each by itself.
 * @throws UserError where one is missing, FormatError where a file is not what it should be
 */
export async function tfliteSurroundings(content: Uint8Array, path: string, options: SpotterOptions): Promise<Surroundings> {
  const beside = await readBeside(path);
  const known = await knownSurroundings(content, path, options.reference);
  const named = options.frontend ?? beside.frontend;
  const labels =
    typeof options.labels === "string" ? await readLabels(options.labels) : (options.labels ?? beside.labels ?? known?.labels);
  const rate = options.sound?.rate ?? beside.rate ?? known?.rate ?? 16_000;
  if (labels === undefined || (named === undefined && known === undefined))
    throw missing(path, labels === undefined, named === undefined && known === undefined);
  if (named === undefined) return { ...(known as Surroundings), labels };
  const frontendDescription = await describe(named, path);
  const frontend = buildFrontend(frontendDescription, { samples: options.sound?.samples ?? beside.samples ?? rate, rate });
  const rounding = beside.rounding ?? (typeof named === "string" && cutting.has(named) ? "truncate" : "nearest");
  return { labels, rate, frontend, frontendDescription, rounding };
}

function missing(path: string, labels: boolean, frontend: boolean): UserError {
  const lacks = [labels ? "labels" : "", frontend ? "front end" : ""].filter((name) => name !== "").join(" and ");
  const options = [frontend ? "--frontend FILE.json or a name such as FE-A-320" : "", labels ? "--labels FILE.txt" : ""];
  return new UserError(
    `${path}: the file does not say its ${lacks}, as those that earshot writes do; give ${options.filter((o) => o !== "").join(" and ")}, ` +
      "or name a model that has the same with --reference",
  );
}

async function describe(
  named: string | FrontendDescription | Record<string, unknown>,
  path: string,
): Promise<FrontendDescription> {
  if (typeof named !== "string") return parseFrontend(JSON.stringify(named), `${besidePath(path)}: frontend`);
  if (!Object.hasOwn(frontendPresets, named) && existsSync(named)) return readFrontend(named);
  return frontendPreset(named);
}

const besidePath = (path: string): string => path.replace(/\.tflite$/i, ".json");

/** What the file beside says; nothing where there is none, or where it is another tool's. */
async function readBeside(path: string): Promise<Beside> {
  const file = besidePath(path);
  if (!existsSync(file)) return {};
  const text = new TextDecoder().decode(await readBounded(file, longestText, "it is a small JSON object"));
  const remedy = 'write {"frontend": "FE-A-320", "labels": ["yes", "no"]}';
  const value = parseJsonText(text, file, remedy);
  const isOurs = typeof value === "object" && value !== null && ("frontend" in value || "labels" in value);
  if (!isOurs) return {};
  const parsed = v.safeParse(besideSchema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FormatError(file, `entry ${String(issue.path?.[0]?.key ?? "")}`, issue.message, remedy);
}

async function knownSurroundings(
  content: Uint8Array,
  path: string,
  reference: string | undefined,
): Promise<Surroundings | undefined> {
  if (reference !== undefined) {
    const model = await loadModel(resolveModel(reference));
    const { labels, frontend, frontendDescription } = model;
    return { labels, frontend, frontendDescription, rate: rateOf(model), rounding: "nearest", decisions: model.training };
  }
  const metadata = readTfliteMetadata(content, path);
  if (metadata === undefined) return undefined;
  const { labels, rate, frontendDescription, decisions } = metadata;
  const frontend = parseGraph(metadata.frontend, `${path}: metadata, front end`);
  return { labels, rate, frontendDescription, frontend, rounding: "nearest", decisions };
}
