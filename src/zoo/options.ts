import * as v from "valibot";
import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { activationNames } from "./blocks/activation.js";
import { parseListFlag } from "./list_flag.js";
import type { ModelOptions, OptionsSchema } from "./model.js";

/** Most layers of a model. */
const mostLayers = 128;
/** Widest layer. */
const mostUnits = 16_384;

/** A whole number. */
export const whole = (low: number, high: number) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high));
/** Units or filters of a layer. */
export const units = whole(1, mostUnits);
/** A dropout rate. */
export const dropoutRate = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
/** A limit or factor, 0 or more. */
export const magnitude = v.pipe(v.number(), v.finite(), v.minValue(0));
/** Share of the old moving statistics that a batch norm keeps. */
export const momentum = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
/** true or false; 1 and 0 as kws_streaming writes them. */
export const flag = v.pipe(
  v.union([v.boolean(), v.picklist([0, 1])]),
  v.transform((x) => Boolean(x)),
);
/** One entry a layer. */
export const perLayer = <Item extends v.GenericSchema>(item: Item) => v.pipe(v.array(item), v.maxLength(mostLayers));
/** (time, frequency); one number stands for both. */
export const pair = v.pipe(
  v.union([whole(1, 4096), v.tuple([whole(1, 4096), whole(1, 4096)])]),
  v.transform((x): [number, number] => (typeof x === "number" ? [x, x] : x)),
);
/** Name of an activation. */
export const activationName = v.picklist(activationNames);

/**
 * Checks the options of a model and fills in the defaults. Names may be written as in TypeScript (`cnnFilters`) or as in the original
 * (`cnn_filters`); lists may be written as the text of a list flag.
 * @throws UsageError naming the option, what was found and what there is
 */
export function parseOptions<Schema extends OptionsSchema>(
  model: string,
  schema: Schema,
  given: ModelOptions,
): v.InferOutput<Schema> {
  const defaults = v.getDefaults(schema) as Record<string, unknown>;
  const options: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(given)) {
    const name = optionName(written);
    if (!Object.hasOwn(defaults, name)) {
      const close = nearest(name, Object.keys(defaults));
      const guess = close ? `; the nearest is '${close}'` : "";
      throw new UsageError(`${model} has no option '${written}'${guess}; it has ${Object.keys(defaults).join(", ")}`);
    }
    if (Object.hasOwn(options, name)) throw new UsageError(`${model}: option ${name} is given twice; give it once`);
    options[name] = typeof value === "string" ? readText(value, defaults[name], `${model}: ${name}`) : value;
  }
  const parsed = v.safeParse(schema, options, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const path = issue.path?.map((item) => String(item.key)).join(".") ?? "";
  throw new UsageError(`${model}: option ${path}: ${issue.message}`);
}

/** "cnn_kernel_size" and "cnn-kernel-size" are cnnKernelSize. */
export function optionName(written: string): string {
  return written.replace(/[-_]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The value that a text stands for, by the kind of the option's default. */
function readText(text: string, fallback: unknown, place: string): unknown {
  if (Array.isArray(fallback)) {
    return /^\s*\d+(\s+\d+)+\s*$/.test(text) ? text.trim().split(/\s+/).map(Number) : parseListFlag(text, place);
  }
  if (typeof fallback === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (typeof fallback === "boolean" && /^(true|false|1|0)$/.test(text)) return text === "true" || text === "1";
  return text;
}

/**
 * Holds lists that have one entry a layer to the same length. (kws_streaming cuts all to the shortest without a word.)
 * @throws UsageError naming the lists
 */
export function requireEqualLengths(model: string, lists: Readonly<Record<string, readonly unknown[]>>): void {
  const entries = Object.entries(lists);
  if (new Set(entries.map(([, list]) => list.length)).size <= 1) return;
  const lengths = entries.map(([name, list]) => `${name} ${list.length}`).join(", ");
  throw new UsageError(
    `${model}: lists with one entry a layer have different lengths: ${lengths}; give each the same number (one pair is written '(3,1),')`,
  );
}
