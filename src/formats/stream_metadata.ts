import { FormatError } from "../base/errors.js";
import type { Graph, State, TensorType, Value } from "../graph/types.js";
import { sizeOf, typeText } from "../graph/types.js";
import { printGraph } from "../graph/text_print.js";
import { resultsAt, type StreamingGraph, type StreamState } from "../passes/stream.js";
import type { Json, Model, ModelStreamGraph } from "./model.js";

type Table = { readonly [key: string]: Json };

const key = "earshot.stream";
const mostPhases = 64;
const longestCount = 2 ** 31;
/** Elements of all values of all phases together (512 MiB). */
const mostElements = 2 ** 27;
const remedy = "the file is damaged or was changed by hand: write it anew with 'earshot stream MODEL --out FILE'";

/** Metadata of a model file that hold its streaming graph: a table, and the text of each phase's graph. */
export function streamMetadata({ input, graph }: ModelStreamGraph): [key: string, text: string][] {
  const { form, chunk, lead, resultStride, resultLatest, delay, clip, startsCleanly } = graph;
  const table = {
    form,
    input,
    phases: graph.phases.length,
    chunk,
    lead,
    resultStride,
    resultLatest,
    receptiveField: graph.receptiveField ?? null,
    delay,
    clip,
    startsCleanly,
    starts: Object.fromEntries(graph.states.map(({ name, start }) => [name, start])),
  };
  return [[key, JSON.stringify(table)], ...graph.phases.map((phase, i): [string, string] => [phaseKey(i), printGraph(phase)])];
}

const phaseKey = (i: number): string => `${key}.phase.${i}`;

/**
 * The streaming graph of a model file.
 * @param phaseOf reads the graph that stands under a key of the metadata
 * @param model what the file holds besides: labels, input and parameters must be its
 * @throws FormatError where they are not, or the graphs of the phases do not fit each other
 */
export function readStream(table: Table, phaseOf: (key: string) => Graph, model: Model, file: string): ModelStreamGraph {
  const refuse = (found: string, place = key): never => {
    throw new FormatError(file, `metadata ${place}`, found, remedy);
  };
  const count = (name: string, from: number, to = longestCount): number => {
    const value = table[name];
    if (!Number.isInteger(value) || (value as number) < from || (value as number) > to)
      refuse(`${name} is ${JSON.stringify(value ?? null)}, no whole number from ${from} to ${to}`);
    return value as number;
  };
  const oneOf = <T extends string>(name: string, choices: readonly T[]): T => {
    const found = choices.find((choice) => choice === table[name]);
    return found ?? refuse(`${name} is ${JSON.stringify(table[name] ?? null)}, not ${choices.join(" or ")}`);
  };
  const form = oneOf("form", ["context", "window"]);
  const input = oneOf("input", ["audio", "features"]);
  const chunk = count("chunk", 1);
  const phases = Array.from({ length: count("phases", 1, mostPhases) }, (_, i) => phaseOf(phaseKey(i)));
  const graph: StreamingGraph = {
    form,
    phases,
    states: statesOf(phases, table["starts"], refuse),
    input,
    chunk,
    lead: count("lead", 0, chunk - 1),
    resultStride: count("resultStride", 1),
    resultLatest: count("resultLatest", 0),
    receptiveField: table["receptiveField"] === null ? undefined : count("receptiveField", 1),
    delay: count("delay", 0),
    clip: count("clip", 1),
    startsCleanly: table["startsCleanly"] === true,
  };
  const elements = phases.flatMap((p) => p.nodes.flatMap((n) => n.outputs)).reduce((sum, v) => sum + sizeOf(v.type.shape), 0);
  if (elements > mostElements) refuse(`its phases have ${elements} elements, at most ${mostElements}`);
  phases.forEach((phase, i) => checkPhase(phase, i, graph, model, (found) => refuse(found, phaseKey(i))));
  return { input, graph };
}

type Refuse = (found: string) => never;

/** States of all phases, with the steps at which they begin. */
function statesOf(phases: readonly Graph[], starts: Json | undefined, refuse: Refuse): StreamState[] {
  if (typeof starts !== "object" || starts === null || Array.isArray(starts)) return refuse("starts is no table");
  const known = new Map<string, State>();
  for (const phase of phases)
    for (const state of phase.states) {
      const other = known.get(state.name);
      if (other && !isSameType(other.input.type, state.input.type)) refuse(`state ${state.name} has several types`);
      known.set(state.name, state);
    }
  const table = starts as Table;
  for (const name of Object.keys(table)) if (!known.has(name)) refuse(`no phase has the state ${name.slice(0, 80)}`);
  return [...known.values()].map(({ name, input }) => {
    const start = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!Number.isInteger(start) || (start as number) < 0 || (start as number) > longestCount)
      return refuse(`starts of ${name} is ${JSON.stringify(start ?? null)}, no number of a step`);
    return { name, type: input.type, start: start as number };
  });
}

function checkPhase(phase: Graph, place: number, stream: StreamingGraph, model: Model, refuse: Refuse): void {
  const [input, ...others] = phase.inputs;
  const clip = stream.input === "audio" ? model.frontend.inputs[0].value : (model.graph.inputs[0].value as Value);
  const [batch, , ...rest] = clip.type.shape;
  const wanted = typeText({ dtype: "f32", shape: [batch as number, stream.chunk, ...rest] });
  if (!input || others.length > 0 || input.name !== stream.input || typeText(input.value.type) !== wanted)
    refuse(`its input is not ${stream.input} ${wanted}`);
  const parameters = new Map(model.graph.parameters.map((p) => [p.name, p.value.type]));
  for (const { name, value } of phase.parameters) {
    const own = parameters.get(name);
    if (!own || !isSameType(own, value.type))
      refuse(`parameter ${name.slice(0, 80)} is none of earshot.graph, or of another type`);
  }
  checkResults(phase, place, stream, model, refuse);
}

/** A phase gives as many rows of logits as results are due in its step. */
function checkResults(phase: Graph, place: number, stream: StreamingGraph, { graph, labels }: Model, refuse: Refuse): void {
  if ((stream.phases.length * stream.chunk) % stream.resultStride !== 0)
    refuse("its steps and its results do not repeat together");
  const due = resultsAt(stream, place) - resultsAt(stream, place - 1);
  const [logits, ...others] = phase.outputs;
  if (logits === undefined && due === 0) return;
  const own = graph.outputs[0].value.type;
  const wanted = { ...own, shape: [due, labels.length] };
  if (!logits || others.length > 0 || logits.name !== "logits" || !isSameType(logits.value.type, wanted))
    refuse(`its output is not logits ${typeText(wanted)}`);
}

/** Element type, shape and quantization; the time axis is a note. */
function isSameType(a: TensorType, b: TensorType): boolean {
  return typeText(a) === typeText(b) && JSON.stringify(a.quantization ?? null) === JSON.stringify(b.quantization ?? null);
}
