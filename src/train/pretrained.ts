import { UserError } from "../base/errors.js";
import type { Model } from "../formats/model.js";
import { loadModel } from "../formats/model_file.js";
import { resolveModel } from "../formats/shipped.js";
import { describeFrontend, type FrontendInput } from "../frontend/frontend.js";
import { type Graph, type Parameter, typeText, type Value } from "../graph/types.js";
import { findModel, resolveOptions } from "../zoo/index.js";
import type { Recipe } from "./recipe.js";

/** What a training takes from a pretrained model besides its weights. */
export interface PretrainedSettings {
  readonly model: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  readonly frontend: Model["frontendDescription"];
  /** Hz. */
  readonly rate: number;
  /** Samples of a clip. */
  readonly samples: number;
  /** The task of its recipe, as its recipe has it; undefined where it does not say. */
  readonly task: unknown;
}

/** First values taken from a pretrained model. */
export interface PretrainedValues {
  /** By parameter; those that are missing begin anew. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** What was taken and what was not, for people. */
  readonly note: string;
}

/** What a network's parameters that belong to the labels are named by, where that is more than one layer. */
const headPath = "phrase.";

/**
 * Parameters that belong to the labels: those under `phrase.`, or, where a network has none, the layer that gives the logits: everything
 * between them and the last kernel (a parameter of two axes or more), with it.
 * @param graph with an output "logits"
 */
export function labelLayer(graph: Graph): Set<string> {
  const named = graph.parameters.map(({ name }) => name).filter((name) => name.startsWith(headPath));
  return named.length > 0 ? new Set(named) : lastLayer(graph);
}

function lastLayer(graph: Graph): Set<string> {
  const found = new Set<string>();
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const parameters = new Map(graph.parameters.map((parameter) => [parameter.value, parameter]));
  let frontier: Value[] = graph.outputs.filter(({ name }) => name === "logits").map(({ value }) => value);
  const seen = new Set<Value>();
  while (frontier.length > 0) {
    const next: Value[] = [];
    for (const value of frontier) {
      if (seen.has(value)) continue;
      seen.add(value);
      const inputs = producer.get(value)?.inputs ?? [];
      const own = inputs.flatMap((input) => parameters.get(input) ?? []);
      for (const { name } of own) found.add(name);
      if (!own.some(isKernel)) next.push(...inputs);
    }
    frontier = next;
  }
  return found;
}

function isKernel({ value }: Parameter): boolean {
  return value.type.shape.length >= 2;
}

/**
 * Network, front end, rate and clip length of a pretrained model.
 * @param nameOrPath a model file, or the name of a model that comes with earshot
 * @throws UserError where there is no such model or it does not say how its network is built; FormatError for a damaged file
 */
export async function pretrainedSettings(nameOrPath: string): Promise<PretrainedSettings> {
  const model = await readPretrained(nameOrPath);
  const recipe = (model.training["recipe"] ?? {}) as {
    model?: { name?: unknown; options?: unknown };
    rate?: unknown;
    task?: unknown;
  };
  const name = recipe.model?.name ?? model.training["model"];
  if (typeof name !== "string")
    throw new UserError(
      `${nameOrPath}: the model does not say which network of earshot it is; start from a model that 'earshot train' has written`,
    );
  return {
    model: spotterOf(name, (recipe.model?.options ?? {}) as Record<string, unknown>),
    frontend: model.frontendDescription,
    rate: typeof recipe.rate === "number" ? recipe.rate : 16_000,
    samples: model.frontend.inputs[0].value.type.shape[1],
    task: recipe.task,
  };
}

/** A body that was trained to name phones gets the head that hears words. */
function spotterOf(name: string, options: Readonly<Record<string, unknown>>): PretrainedSettings["model"] {
  if (resolveOptions(name, options)["head"] !== "phone") return { name, options };
  return { name: findModel(name).architecture.name, options: { ...options, head: "phrase" } };
}

async function readPretrained(nameOrPath: string): Promise<Model> {
  const path = resolveModel(nameOrPath);
  if (path.toLowerCase().endsWith(".tflite"))
    throw new UserError(
      `${path}: a .tflite file cannot be trained on; start from the .safetensors file that it was exported from`,
    );
  const model = await loadModel(path);
  if ([...model.parameters.values()].some((data) => !(data instanceof Float32Array)))
    throw new UserError(`${path}: is quantized; start from the float model that it was made from`);
  return model;
}

/**
 * First values of a network from the pretrained model that its recipe names: all parameters and buffers but the label layer, which is
 * new; it is taken too where the labels are the same in the same order.
 * @throws UserError where the model does not fit the network or the front end
 */
export async function pretrainedValues(
  { from, frontend }: Pick<Recipe, "from" | "frontend">,
  graph: Graph,
  labels: readonly string[],
): Promise<PretrainedValues | undefined> {
  if (from === undefined) return undefined;
  const model = await readPretrained(from.model);
  checkFrontend(from.model, model, frontend);
  const head = labelLayer(graph);
  const sameLabels = model.labels.length === labels.length && model.labels.every((label, i) => label === labels[i]);
  const before = new Map(model.graph.parameters.map((parameter) => [parameter.name, typeText(parameter.value.type)]));
  const values = new Map<string, Float32Array>();
  for (const { name, value } of graph.parameters) {
    if (head.has(name) && !sameLabels) continue;
    const found = before.get(name);
    if (found !== typeText(value.type)) throw misfit(from.model, name, found, typeText(value.type));
    values.set(name, model.parameters.get(name) as Float32Array);
  }
  const layer = head.size > 4 ? `${headPath}*` : [...head].join(", ");
  const what = sameLabels
    ? "the labels are the same: the label layer goes on too"
    : `a new label layer (${layer}) for ${labels.length} labels`;
  return { values, note: `starting from ${from.model}: ${what}` };
}

function misfit(from: string, name: string, found: string | undefined, wanted: string): UserError {
  const has = found === undefined ? "is not in it" : `is ${found} in it`;
  return new UserError(
    `${from}: the model does not fit the network: parameter ${name} ${has} and must be ${wanted}; leave out the network's name and options, and a clip length of another kind, so that they are the model's own`,
  );
}

/** The weights mean something for the features they were trained on only. */
function checkFrontend(from: string, model: Model, frontend: Recipe["frontend"]): void {
  const described = (some: unknown): Record<string, unknown> => ({ ...describeFrontend(some as FrontendInput) });
  const [own, given] = [described(model.frontendDescription), described(frontend)];
  const keys = [...new Set([...Object.keys(own), ...Object.keys(given)])];
  const other = keys.find((key) => JSON.stringify(own[key]) !== JSON.stringify(given[key]));
  if (other === undefined) return;
  throw new UserError(
    `${from}: the model was trained with another front end: ${other} is ${JSON.stringify(own[other])} there and ${JSON.stringify(given[other])} here; leave out --frontend, and archives of another front end`,
  );
}
