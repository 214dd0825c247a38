import { UserError } from "../../base/errors.js";
import { numberOf } from "../../graph/attributes.js";
import { retype } from "../../graph/retype.js";
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

/** Ops that cut samples into frames. */
const framing = new Set(["frame", "micro_bands"]);

const instead = "export with --features none, and compute the features outside";

/**
 * The part of a front end that runs on a device whenever a hop of samples has come.
 * @throws UserError where a frame depends on later frames, or on the whole clip
 */
export function framewise(frontend: Graph): FramewiseFrontend {
  const frame = frontend.nodes.find((n) => framing.has(n.op));
  if (!frame) throw new UserError(`front end ${frontend.name} does not cut frames; ${instead}`);
  const window = numberOf(frame.attributes, "length");
  const hop = numberOf(frame.attributes, "hop");
  const before = frontend.nodes.slice(0, frontend.nodes.indexOf(frame));
  const { skipped, padding } = beginningOf(frontend, before, frame.inputs[0]!);
  const mixing = frontend.nodes.find(mixesFrames);
  if (mixing) throw new UserError(`front end ${frontend.name}: ${mixing.op} mixes the frames of a clip; ${instead}`);
  const [input] = frontend.inputs;
  const bare: Graph =
    padding === 0 && skipped === 0
      ? frontend
      : {
          ...frontend,
          nodes: frontend.nodes
            .filter((n) => !before.includes(n))
            .map((n) => (n === frame ? { ...n, inputs: [input!.value] } : n)),
        };
  const graph = carrying(retype(bare, { inputs: { [input!.name]: [1, window] } }));
  return { graph, window, hop, skipped, padding };
}

/**
 * The front end frame by frame where it can be, else as one frame of a clip's length, which takes the memory of all its frames.
 */
export function framewiseOrWhole(frontend: Graph): FramewiseFrontend {
  const frame = frontend.nodes.find((n) => framing.has(n.op));
  const wholeBefore = frontend.nodes.slice(0, frame && frontend.nodes.indexOf(frame)).some((n) => n.op === "mirror");
  if (!wholeBefore && !frontend.nodes.some(mixesFrames)) return framewise(frontend);
  const samples = frontend.inputs[0]!.value.type.shape[1]!;
  return { graph: frontend, window: samples, hop: samples, skipped: 0, padding: 0 };
}

function mixesFrames({ attributes, inputs }: Node): boolean {
  const { axes } = attributes;
  return Array.isArray(axes) && inputs[0]!.type.shape.length > 2 && axes.includes(1);
}

/** The graph of one frame with the states of its scans, which begin with zeros in each clip, as states of its own. */
function carrying(graph: Graph): Graph {
  const values = [...graph.inputs.map((i) => i.value), ...graph.nodes.flatMap((n) => n.outputs)];
  let next = 1 + Math.max(...values.map((v) => v.id));
  const states: State[] = [];
  const nodes = graph.nodes.map((node): Node => {
    if (node.op !== "scan") return node;
    const inputs = node.inputs.map((value, i) => {
      if (i >= Number(node.attributes["states"])) return value;
      const input: Value = { id: next++, type: value.type };
      states.push({ name: `carried_${states.length}`, input, output: node.outputs[i]! });
      return input;
    });
    return { ...node, inputs };
  });
  return { ...graph, nodes, states };
}

/** Samples left out and zeros before the clip; nothing else may stand before the frames. */
function beginningOf(frontend: Graph, before: Graph["nodes"], framed: Value): { skipped: number; padding: number } {
  const input = frontend.inputs[0]!.value;
  const made = (value: Value): Node | undefined => before.find((n) => n.outputs[0] === value);
  const pad = made(framed);
  const isPad = pad?.op === "pad" && listOf(pad, "after")[1] === 0;
  const heard = isPad ? pad.inputs[0]! : framed;
  const slice = made(heard);
  const isTail = slice?.op === "slice" && listOf(slice, "end")[1] === 0 && listOf(slice, "strides")[1] === 1;
  if ((isTail ? slice.inputs[0]! : heard) !== input)
    throw new UserError(`front end ${frontend.name} needs the whole clip before its frames; ${instead}`);
  return { skipped: isTail ? Number(listOf(slice, "begin")[1]) : 0, padding: isPad ? Number(listOf(pad, "before")[1]) : 0 };
}

function listOf({ attributes }: Node, name: string): readonly unknown[] {
  const list = attributes[name];
  return Array.isArray(list) ? list : [];
}
