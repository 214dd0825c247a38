import { type ParameterData, sizeOf, type Value } from "../../../graph/types.js";
import { activation } from "../schema.js";
import { isInteger, resultScale } from "./activation.js";
import type { FileOperator } from "./file.js";
import { elementsOf, type ReadRule, type Reading } from "./reading.js";

const reshape: ReadRule = (operator, reading) => {
  const given = reading.knownIntegers(operator, 1) ?? operator.optionList("Reshape", 0);
  const shape = given ?? reading.output(operator).shape;
  reading.set(operator, reading.op("reshape", [reading.value(operator, 0)], { shape }));
};

/** SQUEEZE and EXPAND_DIMS move nothing: the file says the shape. */
const declared: ReadRule = (operator, reading) =>
  reading.set(operator, reading.op("reshape", [reading.value(operator, 0)], { shape: reading.output(operator).shape }));

const transpose: ReadRule = (operator, reading) =>
  reading.set(operator, reading.op("transpose", [reading.value(operator, 0)], { permutation: reading.integers(operator, 1) }));

const pad: ReadRule = (operator, reading) => {
  const amounts = reading.integers(operator, 1);
  if (amounts.some((n) => n < 0)) reading.refuse(operator, "padding below 0");
  const before = amounts.filter((_, i) => i % 2 === 0);
  const after = amounts.filter((_, i) => i % 2 === 1);
  reading.set(operator, reading.op("pad", [reading.value(operator, 0)], { before, after }));
};

/** A part of a value, first to last index along each axis. */
function part(reading: Reading, x: Value, from: readonly number[], to: readonly number[], steps: readonly number[]): Value {
  const whole = from.every((n, i) => n === 0 && to[i] === x.type.shape[i] && steps[i] === 1);
  return whole ? x : reading.op("slice", [x], { begin: from, end: to, strides: steps });
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly shrink: boolean;
}

/** What STRIDED_SLICE takes along each axis of a shape. */
function stridedRanges(operator: FileOperator, reading: Reading, shape: readonly number[]): Range[] {
  const [begin, end, strides] = [1, 2, 3].map((i) => reading.integers(operator, i)) as [number[], number[], number[]];
  const mask = (name: string): number => operator.option("StridedSlice", name);
  if (mask("ellipsisMask") !== 0 || mask("newAxisMask") !== 0 || mask("offset") !== 0)
    reading.refuse(operator, "an ellipsis, a new axis or offsets");
  if (begin.length !== shape.length || end.length !== shape.length || strides.length !== shape.length)
    reading.refuse(operator, `${begin.length} of ${shape.length} axes`);
  return shape.map((size, axis) => {
    const has = (name: string): boolean => ((mask(name) >> axis) & 1) === 1;
    const place = (n: number): number => Math.min(Math.max(n < 0 ? n + size : n, 0), size);
    const step = strides[axis] as number;
    if (step < 1) reading.refuse(operator, `a step of ${step}`);
    const from = has("beginMask") ? 0 : place(begin[axis] as number);
    const shrink = has("shrinkAxisMask");
    const to = shrink ? from + 1 : has("endMask") ? size : place(end[axis] as number);
    if (from >= to || to > size) reading.refuse(operator, `from ${from} to ${to} of ${size}`);
    return { from, to, step, shrink };
  });
}

const stridedSlice: ReadRule = (operator, reading) => {
  const list = reading.knownIntegers(operator, 0);
  if (list && reading.required(operator, 0).type === "int32") {
    const [range] = stridedRanges(operator, reading, [list.length]) as [Range];
    return reading.setIntegers(
      operator,
      list.filter((_, i) => i >= range.from && i < range.to && (i - range.from) % range.step === 0),
    );
  }
  const x = reading.value(operator, 0);
  const ranges = stridedRanges(operator, reading, x.type.shape);
  const y = part(
    reading,
    x,
    ranges.map((r) => r.from),
    ranges.map((r) => r.to),
    ranges.map((r) => r.step),
  );
  const shape = y.type.shape.filter((_, i) => ranges[i]?.shrink !== true);
  reading.set(operator, shape.length === y.type.shape.length ? y : reading.op("reshape", [y], { shape }));
};

const slice: ReadRule = (operator, reading) => {
  const x = reading.value(operator, 0);
  const begin = reading.integers(operator, 1);
  const sizes = reading.integers(operator, 2);
  const end = begin.map((from, i) => (sizes[i] === -1 ? (x.type.shape[i] ?? 0) : from + (sizes[i] ?? 0)));
  if (begin.some((from, i) => from < 0 || (end[i] ?? 0) <= from || (end[i] ?? 0) > (x.type.shape[i] ?? 0)))
    reading.refuse(operator, `begins at [${begin.join(",")}] with [${sizes.join(",")}] of [${x.type.shape.join(",")}]`);
  reading.set(
    operator,
    part(
      reading,
      x,
      begin,
      end,
      begin.map(() => 1),
    ),
  );
};

function axisOf(axis: number, axes: number, operator: FileOperator, reading: Reading): number {
  const place = axis < 0 ? axis + axes : axis;
  return place >= 0 && place < axes ? place : reading.refuse(operator, `axis ${axis} of ${axes}`);
}

/** Cuts a value along an axis into parts of these sizes. */
function cut(operator: FileOperator, reading: Reading, x: Value, axis: number, sizes: readonly number[]): Value[] {
  const total = sizes.reduce((sum, n) => sum + n, 0);
  if (total !== x.type.shape[axis] || sizes.length !== operator.outputs.length || sizes.some((n) => n < 1))
    reading.refuse(operator, `${sizes.length} parts of ${x.type.shape[axis]} for ${operator.outputs.length} results`);
  let at = 0;
  return sizes.map((size) => {
    const from = x.type.shape.map((_, i) => (i === axis ? at : 0));
    const to = x.type.shape.map((n, i) => (i === axis ? at + size : n));
    at += size;
    return part(
      reading,
      x,
      from,
      to,
      from.map(() => 1),
    );
  });
}

const split: ReadRule = (operator, reading) => {
  const x = reading.value(operator, 1);
  const [named] = reading.integers(operator, 0);
  const axis = axisOf(named ?? 0, x.type.shape.length, operator, reading);
  const parts = operator.outputs.length;
  const size = (x.type.shape[axis] ?? 0) / parts;
  const sizes = new Array<number>(parts).fill(size);
  cut(operator, reading, x, axis, sizes).forEach((value, i) => reading.set(operator, value, i));
};

const splitV: ReadRule = (operator, reading) => {
  const x = reading.value(operator, 0);
  const sizes = [...reading.integers(operator, 1)];
  const axis = axisOf(reading.integers(operator, 2)[0] ?? 0, x.type.shape.length, operator, reading);
  const free = sizes.indexOf(-1);
  if (free >= 0) sizes[free] = (x.type.shape[axis] ?? 0) - sizes.reduce((sum, n, i) => (i === free ? sum : sum + n), 0);
  cut(operator, reading, x, axis, sizes).forEach((value, i) => reading.set(operator, value, i));
};

const unpack: ReadRule = (operator, reading) => {
  const x = reading.value(operator, 0);
  const axis = axisOf(operator.option("Unpack", "axis"), x.type.shape.length, operator, reading);
  const sizes = operator.outputs.map(() => 1);
  const shape = x.type.shape.filter((_, i) => i !== axis);
  cut(operator, reading, x, axis, sizes).forEach((value, i) =>
    reading.set(operator, reading.op("reshape", [value], { shape }), i),
  );
};

/** Values one after another; integers are brought to the result's scale. */
function joined(operator: FileOperator, reading: Reading, values: readonly Value[], axis: number): Value {
  if (values.length === 1) return values[0] as Value;
  if (!isInteger(operator, reading)) return reading.op("concat", values, { axis });
  return reading.op("quantized_concat", values, { axis, ...resultScale(operator, reading) });
}

const concatenation: ReadRule = (operator, reading) => {
  if (operator.option("Concatenation", "activation") !== activation.none) reading.refuse(operator, "a fused activation");
  const values = operator.inputs.map((_, i) => reading.value(operator, i));
  reading.set(operator, joined(operator, reading, values, operator.option("Concatenation", "axis")));
};

const pack: ReadRule = (operator, reading) => {
  const known = operator.inputs.map((_, i) => reading.knownIntegers(operator, i));
  if (known.every((list) => list?.length === 1) && reading.required(operator, 0).type === "int32")
    return reading.setIntegers(
      operator,
      known.flatMap((list) => list ?? []),
    );
  const axes = (reading.required(operator, 0).shape.length ?? 0) + 1;
  const axis = axisOf(operator.option("Pack", "axis"), axes, operator, reading);
  const values = operator.inputs.map((_, i) => {
    const x = reading.value(operator, i);
    return reading.op("reshape", [x], { shape: [...x.type.shape.slice(0, axis), 1, ...x.type.shape.slice(axis)] });
  });
  reading.set(operator, joined(operator, reading, values, axis));
};

const shape: ReadRule = (operator, reading) => reading.setIntegers(operator, reading.required(operator, 0).shape);

/** A constant of equal elements. */
const fill: ReadRule = (operator, reading) => {
  const size = reading.integers(operator, 0);
  const result = reading.output(operator);
  if (size.join() !== result.shape.join())
    reading.refuse(operator, `gives [${size.join(",")}], and the file says [${result.shape.join(",")}]`);
  const { data, type } = reading.required(operator, 1);
  const content = data && elementsOf(type, data);
  if (content?.length !== 1) return reading.refuse(operator, "its value is no constant");
  const make = content.constructor as new (length: number) => ParameterData;
  const filled = new make(sizeOf(size)).fill(content[0] as number) as ParameterData;
  const { dtype, quantization } = reading.typeOf(result);
  reading.set(operator, reading.made(result.name, size, filled, dtype, quantization));
};

/** The value itself under a broadcast shape. */
const broadcastTo: ReadRule = (operator, reading) =>
  reading.set(operator, reading.op("expand", [reading.value(operator, 0)], { shape: reading.integers(operator, 1) }));

/** Ops that move elements. */
export const readShape: Readonly<Record<string, ReadRule>> = {
  RESHAPE: reshape,
  SQUEEZE: declared,
  EXPAND_DIMS: declared,
  TRANSPOSE: transpose,
  PAD: pad,
  STRIDED_SLICE: stridedSlice,
  SLICE: slice,
  SPLIT: split,
  SPLIT_V: splitV,
  UNPACK: unpack,
  CONCATENATION: concatenation,
  PACK: pack,
  SHAPE: shape,
  FILL: fill,
  BROADCAST_TO: broadcastTo,
};
