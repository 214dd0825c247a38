import { shapeOf, numberOf } from "./attributes.js";
import { geometryOf } from "./convolution.js";
import { normalAxes } from "./shapes.js";
import { type Attributes, sizeOf, type TensorType } from "./types.js";

/**
 * How results along time come from inputs along time: result t is made from the elements t * stride - before to
 * t * stride - before + reach - 1 of every input that has a time axis.
 */
export interface TimeUse {
  /** Time axis of the results. */
  readonly axis: number;
  readonly stride: number;
  readonly before: number;
  readonly reach: number;
  /** At the clip's edges the op puts zeros, so that they differ from the same place within a recording. */
  readonly padded: boolean;
  /** Zeros that the op puts around other axes; they are to be put there first, as `attributes` leave no padding. */
  readonly pads?: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Attributes under which the op makes `count` results from exactly the elements that these need. */
  attributes(count: number): Attributes;
}

/**
 * What an op does to time. "whole": each result needs the whole clip (pooling over time, flattening). undefined: no stream has
 * such results.
 * @param axes time axis of each input; undefined where it has none
 */
export type TimeRule = (
  inputs: readonly TensorType[],
  axes: readonly (number | undefined)[],
  outputs: readonly TensorType[],
  attributes: Attributes,
) => TimeUse | "whole" | undefined;

/** Result t from element t. */
function each(axis: number, attributes: Attributes | ((count: number) => Attributes)): TimeUse {
  const of = typeof attributes === "function" ? attributes : () => attributes;
  return { axis, stride: 1, before: 0, reach: 1, padded: false, attributes: of };
}

const replaced = (list: readonly number[], at: number, value: number): number[] => list.map((n, i) => (i === at ? value : n));

/** Element-wise ops: axes are aligned from the right; what has no time must be the same at all times. */
export const elementwiseTime: TimeRule = (inputs, axes, [output], attributes) => {
  const rank = output.shape.length;
  const aligned = inputs.map(({ shape }, i) => (axes[i] === undefined ? undefined : axes[i] + rank - shape.length));
  const axis = aligned.find((a) => a !== undefined) as number;
  const fits = inputs.every(({ shape }, i) => {
    const own = shape[axis - (rank - shape.length)] ?? 1;
    return aligned[i] === undefined ? own === 1 : aligned[i] === axis && own === output.shape[axis];
  });
  return fits ? each(axis, attributes) : undefined;
};

/** Ops on rows along the last axis that keep the axes before it. */
export const rowTime: TimeRule = ([x], [axis], _, attributes) => {
  if (axis === undefined) return undefined;
  return axis === x.shape.length - 1 ? "whole" : each(axis, attributes);
};

/** Products over the last axis with weights that do not change in time. */
export const denseTime: TimeRule = (inputs, axes, outputs, attributes) =>
  axes.slice(1).some((axis) => axis !== undefined) ? undefined : rowTime(inputs, axes, outputs, attributes);

/** conv2d and depthwise_conv2d, whose time axis is the first of the map. */
export const convolutionTime: TimeRule = ([x, kernel], [axis, ...others], _, attributes) => {
  if (axis !== 1 || others.some((a) => a !== undefined)) return undefined;
  const g = geometryOf(x, kernel.shape, attributes);
  const frequency = g.before[1] + g.after[1] > 0;
  return {
    axis,
    stride: g.strides[0],
    before: g.before[0],
    reach: (g.kernel[0] - 1) * g.dilations[0] + 1,
    padded: g.before[0] + g.after[0] > 0,
    ...(frequency ? { pads: { before: [0, 0, g.before[1], 0], after: [0, 0, g.after[1], 0] } } : {}),
    attributes: () => ({ ...attributes, padding: "valid" }),
  };
};

/** Pooling windows over a map. Padding does not count in them, so that no real past can stand in its place. */
export const poolTime: TimeRule = ([x], [axis], _, attributes) => {
  if (axis !== 1) return undefined;
  const [height, width] = shapeOf(attributes, "window");
  const g = geometryOf(x, [height, width, 1, 1], { ...attributes, dilations: [1, 1] });
  if (g.before.some((n) => n > 0) || g.after.some((n) => n > 0)) return undefined;
  return {
    axis,
    stride: g.strides[0],
    before: 0,
    reach: height,
    padded: false,
    attributes: () => ({ ...attributes, padding: "valid" }),
  };
};

/** Frames of samples. */
export const frameTime: TimeRule = (_, [axis], __, attributes) => {
  if (axis !== 1) return undefined;
  const reach = numberOf(attributes, "length");
  return { axis: 1, stride: numberOf(attributes, "hop"), before: 0, reach, padded: false, attributes: () => attributes };
};

/** Every n-th element from a first one. */
export const sliceTime: TimeRule = ([x], [axis], _, attributes) => {
  if (axis === undefined) return undefined;
  const list = (name: string): readonly number[] => shapeOf(attributes, name);
  const stride = list("strides")[axis];
  const from = list("begin")[axis];
  const begin = replaced(list("begin"), axis, 0);
  const use = (count: number): Attributes => ({
    ...attributes,
    begin,
    end: replaced(list("end"), axis, (count - 1) * stride + 1),
  });
  const before = from < 0 ? -(from + x.shape[axis]) : -from;
  return { axis, stride, before, reach: 1, padded: false, attributes: use };
};

/** Zeros in time become the past and the future. */
export const padTime: TimeRule = (_, [axis], __, attributes) => {
  if (axis === undefined) return undefined;
  const before = shapeOf(attributes, "before");
  const after = shapeOf(attributes, "after");
  const without = { ...attributes, before: replaced(before, axis, 0), after: replaced(after, axis, 0) };
  return { ...each(axis, without), before: before[axis], padded: before[axis] + after[axis] > 0 };
};

/** Along any axis but time, with all parts in time. */
export const concatTime: TimeRule = (inputs, axes, _, attributes) => {
  const [axis] = axes;
  const [joined] = normalAxes([numberOf(attributes, "axis")], inputs[0].shape.length);
  return axis === undefined || joined === axis || axes.some((a) => a !== axis) ? undefined : each(axis, attributes);
};

/** Mean, sum and maximum over axes. */
export const reductionTime: TimeRule = ([x], [axis], _, attributes) => {
  if (axis === undefined) return undefined;
  const axes = normalAxes(shapeOf(attributes, "axes"), x.shape.length);
  if (axes.includes(axis)) return "whole";
  return each(attributes.keep === true ? axis : axis - axes.filter((a) => a < axis).length, attributes);
};

/** Axes in another order. */
export const transposeTime: TimeRule = (_, [axis], __, attributes) =>
  axis === undefined ? undefined : each(shapeOf(attributes, "permutation").indexOf(axis), attributes);

/** The time axis of the result is the one before which there are as many elements; where none is, time is merged with others. */
export const reshapeTime: TimeRule = ([x], [axis], [y], attributes) => {
  if (axis === undefined) return undefined;
  const before = sizeOf(x.shape.slice(0, axis));
  const fits = y.shape.flatMap((n, i) =>
    n === x.shape[axis] && sizeOf(y.shape.slice(0, i)) === before && i > 0 === axis > 0 ? [i] : [],
  );
  // Of neighbouring axes of one element the nearest is meant.
  const [nearest] = fits.toSorted((a, b) => Math.abs(a - axis) - Math.abs(b - axis));
  if (nearest === undefined) return "whole";
  return each(nearest, (count) => ({ ...attributes, shape: replaced(y.shape, nearest, count) }));
};

/** Broadcasting along any axis but time. */
export const expandTime: TimeRule = ([x], [axis], [y], attributes) => {
  if (axis === undefined) return undefined;
  const moved = axis + y.shape.length - x.shape.length;
  if (y.shape[moved] !== x.shape[axis]) return undefined;
  return each(moved, (count) => ({ ...attributes, shape: replaced(y.shape, moved, count) }));
};
