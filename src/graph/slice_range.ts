import { shapeOf } from "./attributes.js";
import type { Node } from "./types.js";

/** First index, end and step along each axis, counted from the front. */
export interface SliceRange {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly strides: readonly number[];
}

/** What a slice takes of its input. */
export function rangeOf(node: Node): SliceRange {
  const { shape } = node.inputs[0]!.type;
  const strides = shapeOf(node.attributes, "strides");
  const begin = shapeOf(node.attributes, "begin").map((b, axis) => (b < 0 ? b + shape[axis]! : b));
  const end = begin.map((b, axis) => b + (node.outputs[0]!.type.shape[axis]! - 1) * strides[axis]! + 1);
  return { begin, end, strides };
}
