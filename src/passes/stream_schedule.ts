import type { Graph, Node, Value } from "../graph/types.js";
import type { StreamTimings, Timing } from "./stream_timing.js";

/** Elements of a value that are kept for later steps: the last `length` that there are. */
export interface Ring {
  readonly name: string;
  readonly length: number;
}

/** Which elements there are after which step. A step takes `chunk` units; the first begins `lead` units before the stream. */
export interface Schedule {
  readonly chunk: number;
  readonly lead: number;
  /** Steps after which everything repeats. */
  readonly phases: number;
  readonly rings: ReadonlyMap<Value, Ring>;
  /** Elements of a value that there are at the end of a step; counts from before the stream's beginning are negative. */
  available(timing: Timing, step: number): number;
}

/** The first step that makes an element that does not need anything from before the stream: element 0. */
export function firstStep({ latest }: Timing, { chunk, lead }: Pick<Schedule, "chunk" | "lead">): number {
  return Math.max(0, Math.ceil((latest + 1 + lead) / chunk) - 1);
}

/** Greatest common divisor of positive integers. */
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** Least common multiple of positive integers. */
export function multiple(a: number, b: number): number {
  return (a / divisor(a, b)) * b;
}

/** Units from which on a step may begin, so that everything in the graph has whole elements in every step. */
export function periodOf({ timings }: StreamTimings): number {
  return [...timings.values()].reduce((product, { stride }) => multiple(product, stride), 1);
}

/** @param chunk units that one step takes */
export function scheduleOf(graph: Graph, timed: StreamTimings, chunk: number): Schedule {
  const { timings } = timed;
  const lead = leadOf(graph, timed, chunk);
  const phases = periodOf(timed) / divisor(periodOf(timed), chunk);
  const available = ({ latest, stride }: Timing, step: number): number =>
    Math.floor(((step + 1) * chunk - lead - 1 - latest) / stride) + 1;

  const lengths = new Map<Value, { length: number; node: Node }>();
  for (const node of graph.nodes) {
    for (const { value, stride, before, timing } of needsOf(node, timed)) {
      const own = timings.get(value) as Timing;
      for (let step = 0; step < phases; step++) {
        const length = available(own, step) - (available(timing, step) * stride - before);
        if (length > (lengths.get(value)?.length ?? 0)) lengths.set(value, { length, node });
      }
    }
  }
  const rings = new Map<Value, Ring>();
  for (const [value, { length, node }] of lengths) rings.set(value, { name: ringName(graph, node, rings.size), length });
  return { chunk, lead, phases, rings, available };
}

/**
 * Whether the beginning of a stream is heard as a clip's: no op that pads, and no scan, takes in one step elements from before the
 * stream together with its first ones. Always so where steps make one element of everything at most.
 */
export function startsCleanly(graph: Graph, timed: StreamTimings, schedule: Schedule): boolean {
  return graph.nodes.every((node) => nodeStartsCleanly(node, timed, schedule));
}

function nodeStartsCleanly(node: Node, { timings, plans }: StreamTimings, schedule: Schedule): boolean {
  const plan = plans.get(node);
  if (plan?.kind !== "carried" && !(plan?.kind === "each" && plan.use.padded)) return true;
  return node.inputs.every((value) => {
    const timing = timings.get(value);
    return timing === undefined || schedule.available(timing, firstStep(timing, schedule) - 1) >= 0;
  });
}

/** Whether a scan takes over what a step mixes at the beginning, so that no later result is free of it. */
export function remembersMixedBeginning(graph: Graph, timed: StreamTimings, schedule: Schedule): boolean {
  const mixed = new Set<Value>();
  for (const node of graph.nodes) {
    const isMixed = !nodeStartsCleanly(node, timed, schedule) || node.inputs.some((value) => mixed.has(value));
    if (isMixed && timed.plans.get(node)?.kind === "carried") return true;
    if (isMixed) for (const value of node.outputs) mixed.add(value);
  }
  return false;
}

/** Ring of what a layer takes: "ring.3.blocks.0.depthwise". */
function ringName(graph: Graph, node: Node, place: number): string {
  const parameter = graph.parameters.find((p) => node.inputs.includes(p.value));
  return `ring.${place}.${parameter?.name.replace(/\.[^.]*$/, "") ?? node.op}`;
}

/** An input whose elements from result * stride - before on are needed by a node's result. */
interface Need {
  readonly value: Value;
  readonly stride: number;
  readonly before: number;
  /** Of the node's results. */
  readonly timing: Timing;
}

function needsOf(node: Node, { timings, plans }: StreamTimings): Need[] {
  const plan = plans.get(node);
  if (plan === undefined || plan.kind === "static") return [];
  const results = node.outputs.map((v) => timings.get(v) as Timing);
  // A carried scan makes one element for each of its sequences', whatever its last state counts as.
  const timing = plan.kind === "carried" ? carriedTiming(node, timings) : results[0];
  return node.inputs.flatMap((value) => {
    const own = timings.get(value);
    if (own === undefined || own.axis === undefined) return [];
    const [stride, before] = plan.kind === "each" ? [plan.use.stride, plan.use.before] : [timing.stride / own.stride, 0];
    return [{ value, stride, before, timing }];
  });
}

/** When a carried scan takes its steps. */
export function carriedTiming(node: Node, timings: ReadonlyMap<Value, Timing>): Timing {
  const given = node.inputs.flatMap((v) => timings.get(v) ?? []);
  return { ...given[0], latest: Math.max(...given.map((t) => t.latest)), axis: 0 };
}

/**
 * Where several elements come at once, a step shall not mix those of before the stream with those from its beginning on, as far
 * as that would be heard: in what an op pads or a scan takes. Otherwise a step shall end where the first result is due.
 */
function leadOf(graph: Graph, { timings, plans }: StreamTimings, chunk: number): number {
  for (const node of graph.nodes) {
    const plan = plans.get(node);
    const isHeard = plan?.kind === "carried" || (plan?.kind === "each" && plan.use.padded);
    const given = node.inputs.flatMap((v) => timings.get(v) ?? []).filter((t) => t.stride < chunk);
    if (isHeard && given.length > 0) return remainder(-(given[0].latest - given[0].stride + 1), chunk);
  }
  const [output] = graph.outputs;
  return remainder(-((timings.get(output.value)?.latest ?? 0) + 1), chunk);
}

const remainder = (n: number, by: number): number => ((n % by) + by) % by;
