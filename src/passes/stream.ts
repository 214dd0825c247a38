import { UserError } from "../base/errors.js";
import { bytesOf, multiplyAccumulates } from "../graph/count.js";
import { type Graph, sizeOf, type TensorType, type Value } from "../graph/types.js";
import { verifyGraph } from "../graph/verify.js";
import { PhaseWriter } from "./stream_phase.js";
import { firstStep, periodOf, remembersMixedBeginning, type Schedule, scheduleOf, startsCleanly } from "./stream_schedule.js";
import { type StreamForm, type Timing, timingsOf } from "./stream_timing.js";

export type { StreamForm } from "./stream_timing.js";

export interface StreamOptions {
  readonly form: StreamForm;
  /** Units (samples, or frames of features) that a step takes; default: the least after which all strided parts are due. */
  readonly chunk?: number;
  /** Units from one frame of the front end to the next, where that is part of the graph: results are at least as far apart. Default 1. */
  readonly hop?: number;
}

/** A tensor carried from step to step. */
export interface StreamState {
  readonly name: string;
  readonly type: TensorType;
  /**
   * Before this step (counted from 0) the state is set to its first value, as it was before step 0: what it held came from before the
   * stream. The first value is zero, or the zero point where the state is quantized.
   */
  readonly start: number;
}

/**
 * A graph that hears one chunk after another. Step k runs phases[k mod phases.length]; all phases share the states, by name, and a
 * phase has only those that it touches. The graph's one input takes `chunk` units; the output [n, labels] has a row for each result
 * that is due, and a phase in which none is due has no output.
 */
export interface StreamingGraph {
  readonly form: StreamForm;
  readonly phases: readonly Graph[];
  readonly states: readonly StreamState[];
  /** Name of the input. */
  readonly input: string;
  /** Units that a step takes. */
  readonly chunk: number;
  /** Units of the first chunk that lie before the stream and are zero. */
  readonly lead: number;
  /** Units from one result to the next. */
  readonly resultStride: number;
  /** Units that must have been heard for result 0, which is that of the clip beginning at the stream's first unit. */
  readonly resultLatest: number;
  /** Units that a result is made from; undefined where a state carries all of the past. */
  readonly receptiveField: number | undefined;
  /** Units by which a result comes later than the end of the clip that it is about. */
  readonly delay: number;
  /** Units of the clip. */
  readonly clip: number;
  /**
   * Whether the first results after a beginning are those of a clip, too. Else the first steps of several hops mix what came before the
   * stream with its beginning, which a recurrent state remembers; shorter steps do not.
   */
  readonly startsCleanly: boolean;
}

/**
 * Turns a clip's graph, with one input [1, time, ...] and one output, into a streaming one.
 *
 * `context` equals the same graph on a long recording: rings of the last elements stand where the clip had zeros. `window` equals the
 * clip's graph on every clip's length that ends where a result is due; what the clip's edges change is computed anew for each. What
 * is made from a whole clip (pooling over time, flattening) works on a window over a ring in both forms.
 * @throws UserError that names the node that cannot stream, or where the chunk is none
 */
export function streamGraph(graph: Graph, options: StreamOptions): StreamingGraph {
  if (graph.inputs[0]?.value.type.shape[0] !== 1)
    throw new UserError(`graph ${graph.name} is not that of one clip; only such a graph streams`);
  const timed = timingsOf(graph, options.form, options.hop);
  const [output, ...others] = graph.outputs;
  const timing = timed.timings.get(output.value);
  if (others.length > 0 || timing === undefined)
    throw new UserError(`graph ${graph.name} has not one output that depends on its input; only such a graph streams`);
  const chunk = options.chunk ?? periodOf(timed);
  if (!Number.isInteger(chunk) || chunk < 1 || chunk > longestChunk)
    throw new UserError(`a step of a stream takes 1 to ${longestChunk} units, found ${chunk}`);
  const schedule = scheduleOf(graph, timed, chunk);
  if (schedule.phases > mostPhases)
    throw new UserError(
      `steps of ${chunk} units make ${schedule.phases} phases, at most ${mostPhases}; a multiple of ${periodOf(timed)} makes one`,
    );
  const phases = Array.from({ length: schedule.phases }, (_, phase) => new PhaseWriter(graph, timed, schedule, phase).write());
  for (const phase of phases) verifyGraph(phase);
  const clip = graph.inputs[0].value.type.shape[1];
  const carried = [...timed.plans.values()].some((plan) => plan.kind === "carried");
  return {
    form: options.form,
    phases,
    states: statesOf(phases, startsOf(graph, timed, schedule)),
    input: graph.inputs[0].name,
    chunk,
    lead: schedule.lead,
    resultStride: timing.stride,
    resultLatest: timing.latest,
    receptiveField: carried ? undefined : timing.latest - timing.earliest + 1,
    delay: Math.max(0, timing.latest + 1 - clip),
    clip,
    startsCleanly: startsCleanly(graph, timed, schedule),
  };
}

/**
 * Units of a stream's beginning that a result must not be made from to be what it must be; 0 where the stream starts cleanly. Undefined where a
 * recurrent state takes over what the first steps mix.
 * @param graph what the streaming graph was made of
 */
export function mixedBeginning(
  graph: Graph,
  { form, chunk, startsCleanly: isClean }: StreamingGraph,
  hop = 1,
): number | undefined {
  if (isClean) return 0;
  const timed = timingsOf(graph, form, hop);
  if (remembersMixedBeginning(graph, timed, scheduleOf(graph, timed, chunk))) return undefined;
  const { earliest, latest } = timed.timings.get(graph.outputs[0].value) as Timing;
  return chunk + latest - earliest + 1;
}

const longestChunk = 1 << 20;
const mostPhases = 64;

/**
 * Whether a result of the context form is made from a clip's length and nothing else: no op pads in time, no state goes on. Then both
 * forms are the clip's model. False where there is no context form.
 */
export function hearsOnlyClips(graph: Graph): boolean {
  const plans = plansOf(graph);
  if (plans === undefined) return false;
  return [...plans.values()].every((plan) => plan.kind !== "carried" && !(plan.kind === "each" && plan.use.padded));
}

function plansOf(graph: Graph): ReturnType<typeof timingsOf>["plans"] | undefined {
  try {
    return timingsOf(graph, "context").plans;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Results that there are at the end of a step; result 0 is the first that needs nothing from before the stream. */
export function resultsAt({ chunk, lead, resultLatest, resultStride }: StreamingGraph, step: number): number {
  return Math.floor(((step + 1) * chunk - lead - 1 - resultLatest) / resultStride) + 1;
}

/** Bytes of all states. */
export function stateBytes({ states }: StreamingGraph): number {
  return states.reduce((sum, { type }) => sum + bytesOf(type), 0);
}

/** Multiply-accumulates for each unit of the stream, on average. */
export function multiplyAccumulatesPerUnit({ phases, chunk }: StreamingGraph): number {
  return phases.reduce((sum, phase) => sum + multiplyAccumulates(phase), 0) / (phases.length * chunk);
}

/** The first value of a state, as its elements are stored. */
export function firstValue({ type }: StreamState): Float64Array {
  return new Float64Array(sizeOf(type.shape)).fill(type.quantization?.zeroPoint[0] ?? 0);
}

/** Step before which each ring and each scan's state is set back, by name. */
function startsOf(graph: Graph, timed: ReturnType<typeof timingsOf>, schedule: Schedule): Map<string, number> {
  const starts = new Map<string, number>();
  const zerosBefore = paddedElements(graph, timed);
  for (const [value, { name }] of schedule.rings) {
    const timing = timed.timings.get(value);
    if (!timing) continue;
    const latest = timing.latest + (zerosBefore.get(value) ?? 0) * timing.stride;
    starts.set(name, firstStep({ ...timing, latest }, schedule));
  }
  for (const [place, node] of graph.nodes.entries())
    for (const { name, start } of PhaseWriter.carriedStates(graph, timed, schedule, node, place)) starts.set(name, start);
  return starts;
}

/** Of each result of a pad, how many of its first elements are zeros: they come before the stream, which begins behind them. */
function paddedElements(graph: Graph, { plans }: ReturnType<typeof timingsOf>): Map<Value, number> {
  const elements = new Map<Value, number>();
  for (const node of graph.nodes) {
    const plan = plans.get(node);
    if (node.op === "pad" && plan?.kind === "each") elements.set(node.outputs[0], plan.use.before);
  }
  return elements;
}

function statesOf(phases: readonly Graph[], starts: ReadonlyMap<string, number>): StreamState[] {
  const states = new Map<string, StreamState>();
  for (const phase of phases)
    for (const { name, input } of phase.states) states.set(name, { name, type: input.type, start: starts.get(name) ?? 0 });
  return [...states.values()];
}
