import { UserError } from "../../base/errors.js";
import { booleanOf, numberOf } from "../../graph/attributes.js";
import { findOp } from "../../graph/ops/index.js";
import { retype } from "../../graph/retype.js";
import { frameTime } from "../../graph/time.js";
import type { Graph, Node, State, Value } from "../../graph/types.js";

/** A front end that makes one frame of features from the samples of one window. */
export interface FramewiseFrontend {
  /** "audio" [1, window] -> "features" [1, 1, values]; its states go on from frame to frame and begin with zeros. */
  readonly graph: Graph;
  /** Samples of a window and from one to the next. */
  readonly window: number;
  readonly hop: number;
  /** Samples of a clip that are left out at its beginning. */
  readonly skipped: number;
  /** Zeros that stand before the first sample that is not left out. */
  readonly padding: number;
}

const instead = "export with --features none, and compute the features outside";

/**
 * The part of a front end that runs on a device whenever a hop of samples has come.
 * @throws UserError where a frame depends on later frames, or on the whole clip
 */
export function framewise(frontend: Graph): FramewiseFrontend {
  const found = oneFrame(frontend);
  if (typeof found === "string") throw new UserError(`front end ${frontend.name} ${found}; ${instead}`);
  return found;
}

/**
 * The front end frame by frame where it can be, else as one frame of a clip's length, which takes the memory of all its frames.
 */
export function framewiseOrWhole(frontend: Graph): FramewiseFrontend {
  const found = oneFrame(frontend);
  if (typeof found !== "string") return found;
  const samples = frontend.inputs[0]!.value.type.shape[1]!;
  return { graph: frontend, window: samples, hop: samples, skipped: 0, padding: 0 };
}

/** What makes one frame, or why nothing can. */
function oneFrame(frontend: Graph): FramewiseFrontend | string {
  const frame = frontend.nodes.find(({ op }) => findOp(op).time === frameTime);
  if (!frame) return "does not cut frames";
  const window = numberOf(frame.attributes, "length");
  const hop = numberOf(frame.attributes, "hop");
  const before = frontend.nodes.slice(0, frontend.nodes.indexOf(frame));
  const beginning = beginningOf(frontend, before, frame.inputs[0]!);
  if (!beginning) return "needs the whole clip before its frames";
  const mixing = frontend.nodes.find(mixesFrames);
  if (mixing) return `mixes the frames of a clip (${mixing.op})`;
  const [input] = frontend.inputs;
  const nodes = frontend.nodes
    .filter((n) => !before.includes(n))
    .map((n) => (n === frame ? { ...n, inputs: [input!.value] } : n));
  const graph = carrying(retype({ ...frontend, nodes }, { inputs: { [input!.name]: [1, window] } }));
  return typeof graph === "string" ? graph : { graph, window, hop, ...beginning };
}

function mixesFrames({ attributes, inputs }: Node): boolean {
  const { axes } = attributes;
  return Array.isArray(axes) && inputs[0]!.type.shape.length > 2 && axes.includes(1);
}

/** The graph of one frame with the states of its scans, which begin with zeros in each clip, as states of its own; or why it has none. */
function carrying(graph: Graph): Graph | string {
  const values = [...graph.inputs.map((i) => i.value), ...graph.nodes.flatMap((n) => n.outputs)];
  const zeros = new Set(graph.nodes.filter((n) => n.op === "zeros").flatMap((n) => n.outputs));
  let next = 1 + Math.max(...values.map((v) => v.id));
  const states: State[] = [];
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const carried = node.op === "scan" ? numberOf(node.attributes, "states") : 0;
    if (carried > 0 && booleanOf(node.attributes, "reverse")) return "runs from the clip's end to its beginning";
    if (!node.inputs.slice(0, carried).every((value) => zeros.has(value))) return "begins with states that are not zero";
    const inputs = node.inputs.map((value, i) => {
      if (i >= carried) return value;
      const input: Value = { id: next++, type: value.type };
      states.push({ name: `carried_${states.length}`, input, output: node.outputs[i]! });
      return input;
    });
    nodes.push(carried > 0 ? { ...node, inputs } : node);
  }
  return { ...graph, nodes, states };
}

/** Samples left out and zeros before the clip; undefined where anything else stands before the frames. */
function beginningOf(
  frontend: Graph,
  before: Graph["nodes"],
  framed: Value,
): Pick<FramewiseFrontend, "skipped" | "padding"> | undefined {
  const input = frontend.inputs[0]!.value;
  const made = (value: Value): Node | undefined => before.find((n) => n.outputs[0] === value);
  const pad = made(framed);
  const isPad = pad?.op === "pad" && listOf(pad, "after")[1] === 0;
  const heard = isPad ? pad.inputs[0]! : framed;
  const slice = made(heard);
  const isTail = slice?.op === "slice" && listOf(slice, "end")[1] === 0 && listOf(slice, "strides")[1] === 1;
  if ((isTail ? slice.inputs[0]! : heard) !== input) return undefined;
  return { skipped: isTail ? Number(listOf(slice, "begin")[1]) : 0, padding: isPad ? Number(listOf(pad, "before")[1]) : 0 };
}

function listOf({ attributes }: Node, name: string): readonly unknown[] {
  const list = attributes[name];
  return Array.isArray(list) ? list : [];
}
