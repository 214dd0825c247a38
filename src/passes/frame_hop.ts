import { UserError } from "../base/errors.js";
import { numberOf } from "../graph/attributes.js";
import type { Graph, Node, Value } from "../graph/types.js";
import { timeRuleOf } from "./stream_timing.js";

/** Time axis of a value of a clip, and units from one of its elements to the next. */
interface Place {
  readonly axis: number;
  readonly stride: number;
}

/**
 * Units (samples) from one frame of a front end to the next, within a clip: also where something needs the whole clip first, such as its
 * largest sample.
 * @throws UserError where there are no such frames
 */
export function frameHop(frontend: Graph): number {
  const hop = placesOf(frontend).get(frontend.outputs[0].value)?.stride;
  if (hop === undefined) throw new UserError(`front end ${frontend.name} makes no frames that follow each other in time`);
  return hop;
}

function placesOf(graph: Graph): Map<Value, Place> {
  const [input] = graph.inputs;
  const places = new Map<Value, Place>([[input.value, { axis: 1, stride: 1 }]]);
  for (const node of graph.nodes) {
    const place = placeBehind(node, places);
    if (place) for (const value of node.outputs) if (value.type.shape.length > place.axis) places.set(value, place);
  }
  return places;
}

/** Where a node's results lie in time; undefined where they do not. */
function placeBehind(node: Node, places: ReadonlyMap<Value, Place>): Place | undefined {
  const given = node.inputs.map((value) => places.get(value));
  if (node.op === "scan") return given[numberOf(node.attributes, "states")];
  // It puts more samples around those of the clip.
  if (node.op === "mirror") return given[0];
  const [stride] = given.flatMap((place) => place?.stride ?? []);
  if (stride === undefined) return undefined;
  const types = node.inputs.map((value) => value.type);
  const axes = given.map((place) => place?.axis);
  const outputs = node.outputs.map((value) => value.type);
  const use = timeRuleOf(node.op)?.(types, axes, outputs, node.attributes);
  return typeof use === "object" ? { axis: use.axis, stride: stride * use.stride } : undefined;
}
