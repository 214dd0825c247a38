import { numberOf, shapeOf } from "../../graph/attributes.js";
import { stridesOf } from "../../graph/shapes.js";
import type { Value } from "../../graph/types.js";
import { kindOfValue, type TfliteLowering, type TfliteRule } from "./lowering.js";

function resultOf(value: Value, lowering: TfliteLowering) {
  return { ...kindOfValue(value), name: lowering.name(value), shape: value.type.shape };
}

const reshape: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const constant = lowering.constant(node.inputs[0]);
  if (constant) return lowering.setConstant(result, constant);
  lowering.set(result, lowering.emitter.reshape(lowering.tensor(node.inputs[0]), result.type.shape, lowering.name(result)));
};

const transpose: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const x = node.inputs[0];
  const permutation = shapeOf(node.attributes, "permutation");
  const constant = lowering.constant(x);
  if (constant) return lowering.setConstant(result, permuted(constant, x.type.shape, permutation));
  const inputs = [lowering.tensor(x), lowering.emitter.integers("permutation", [permutation.length], [...permutation])];
  lowering.set(result, lowering.emitter.apply("TRANSPOSE", inputs, resultOf(result, lowering), ["Transpose", {}]));
};

/** Elements of a transposed constant. */
function permuted(values: ArrayLike<number>, shape: readonly number[], permutation: readonly number[]): Float32Array {
  const strides = stridesOf(shape);
  const sizes = permutation.map((axis) => shape[axis]);
  const index = shape.map(() => 0);
  return Float32Array.from({ length: values.length }, () => {
    const from = permutation.reduce((sum, axis, i) => sum + index[i] * strides[axis], 0);
    for (let i = sizes.length - 1; i >= 0 && ++index[i] === sizes[i]; i--) index[i] = 0;
    return values[from];
  });
}

const slice: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const shape = node.inputs[0].type.shape;
  const rank = [shape.length];
  const begin = shapeOf(node.attributes, "begin").map((n, i) => (n < 0 ? n + shape[i] : n));
  const end = shapeOf(node.attributes, "end").map((n, i) => Math.min(shape[i], n <= 0 ? n + shape[i] : n));
  const inputs = [
    lowering.tensor(node.inputs[0]),
    lowering.emitter.integers("begin", rank, begin),
    lowering.emitter.integers("end", rank, end),
    lowering.emitter.integers("strides", rank, [...shapeOf(node.attributes, "strides")]),
  ];
  lowering.set(result, lowering.emitter.apply("STRIDED_SLICE", inputs, resultOf(result, lowering), ["StridedSlice", {}]));
};

const concat: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const axis = numberOf(node.attributes, "axis");
  const options = { axis: axis < 0 ? axis + result.type.shape.length : axis };
  const inputs = node.inputs.map((v) => lowering.tensor(v));
  lowering.set(result, lowering.emitter.apply("CONCATENATION", inputs, resultOf(result, lowering), ["Concatenation", options]));
};

const pad: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const after = shapeOf(node.attributes, "after");
  const amounts = shapeOf(node.attributes, "before").flatMap((n, i) => [n, after[i]]);
  const inputs = [lowering.tensor(node.inputs[0]), lowering.emitter.integers("padding", [after.length, 2], amounts)];
  lowering.set(result, lowering.emitter.apply("PAD", inputs, resultOf(result, lowering), ["Pad", {}]));
};

/** Ops that move elements. */
export const shapeRules: Readonly<Record<string, TfliteRule>> = { reshape, transpose, slice, concat, pad };
