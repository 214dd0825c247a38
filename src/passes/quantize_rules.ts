import { UserError } from "../base/errors.js";
import { numberOf } from "../graph/attributes.js";
import { integerRange, quantizedType, type Scale, scaleOf } from "../graph/quantized.js";
import { type Attributes, type Node, sizeOf, type Value } from "../graph/types.js";
import type { ProductChain } from "./quantize_chain.js";
import {
  type ActivationType,
  largestSum,
  type QuantizedWeights,
  quantizeWeights,
  scaleForSums,
  unitScale,
} from "./quantize_scale.js";
import type { FloatParameter, QuantizeScope } from "./quantize_scope.js";

/** Clamp of a fused activation in integers: attributes low and high, or none. */
function clampAttributes(activation: Node | undefined, dtype: ActivationType, { scale, zeroPoint }: Scale): Attributes {
  if (!activation) return {};
  const [least, most] = integerRange(dtype);
  const stored = (x: number): number => Math.max(least, Math.min(most, Math.round(x / scale) + zeroPoint));
  if (activation.op === "relu") return { low: stored(0) };
  return { low: stored(numberOf(activation.attributes, "low")), high: stored(numberOf(activation.attributes, "high")) };
}

/** Axis of the channels of a product's weights, and the elements between them. */
function channelAxis(op: string, shape: readonly number[]): { axis: number; channels: number } {
  const axis = op === "conv2d" ? 3 : op === "depthwise_conv2d" ? 2 : 1;
  return { axis, channels: shape[axis] as number };
}

/** Writes a product with its bias and activation as one integer op. */
export function writeProduct(scope: QuantizeScope, chain: ProductChain): void {
  const { product, bias, activation, result } = chain;
  const weight = scope.parameterOf(product.inputs[1]!) as FloatParameter;
  const { dtype, scale: wanted } = scope.wantedOf(result);
  const x = scope.asInteger(product.inputs[0]!, dtype);
  const { axis, channels } = channelAxis(product.op, weight.shape);
  const xScale = scaleOf(x.type);
  const offset = bias && (scope.parameterOf(bias) as FloatParameter);
  const quantized = quantizeWeights(weight.data, channels, 1, xScale.scale, offset?.data);
  checkSums(quantized, channels, x, weight.name);
  const { scales } = quantized;
  const scale = scaleForSums(wanted, xScale.scale, scales);
  const zeros = new Array<number>(channels).fill(0);
  const kernel = scope.addParameter(
    weight.name,
    { dtype: "i8", shape: weight.shape, quantization: { scale: scales, zeroPoint: zeros, axis } },
    quantized.weights,
  );
  const inputs = [x, kernel];
  if (offset && quantized.bias) {
    const quantization = { scale: scales.map((s) => Math.fround(s * xScale.scale)), zeroPoint: zeros, axis: 0 };
    inputs.push(scope.addParameter(offset.name, { dtype: "i32", shape: [channels], quantization }, quantized.bias));
  }
  const attributes = {
    ...product.attributes,
    ...scope.outputAttributes(dtype, scale),
    ...clampAttributes(activation, dtype, scale),
  };
  scope.setInteger(result, scope.builder.op(`quantized_${product.op}`, inputs, attributes));
}

function checkSums(quantized: QuantizedWeights, channels: number, { type }: Value, name: string): void {
  const [low, high] = integerRange(type.dtype);
  const { zeroPoint } = scaleOf(type);
  // A product of 16-bit values that were 8 bits before takes 255 * 16 at most; others the whole range.
  const largest = Math.max(high - zeroPoint, zeroPoint - low);
  if (largestSum(quantized, channels, 1, largest) >= 2 ** 31)
    throw new UserError(`${name}: sums of 16-bit products do not fit in 32 bits; quantize this layer in 8 bits`);
}

type Rule = (scope: QuantizeScope, node: Node) => void;

/** Ops that move elements: the result has the input's scale. */
const move: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype } = scope.wantedOf(y);
  const x = scope.asInteger(node.inputs[0]!, dtype);
  scope.setInteger(y, scope.builder.op(node.op, [x], node.attributes));
};

/** The result has the input's scale, too. */
const atInputScale: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const x = scope.asInteger(node.inputs[0]!, scope.wantedOf(y).dtype);
  scope.setInteger(y, scope.builder.op(`quantized_${node.op}`, [x], node.attributes));
};

/** The larger of two: both at the result's scale. */
const maximum: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype, scale } = scope.wantedOf(y);
  const inputs = node.inputs.map((v) => scope.atScale(v, dtype, scale));
  scope.setInteger(y, scope.builder.op("quantized_maximum", inputs));
};

const pair =
  (op: string): Rule =>
  (scope, node) => {
    const y = node.outputs[0]!;
    const { dtype, scale } = scope.wantedOf(y);
    const inputs = node.inputs.map((v) => scope.asInteger(v, dtype));
    scope.setInteger(y, scope.builder.op(op, inputs, scope.outputAttributes(dtype, scale)));
  };

/** relu and clamp that no product takes along. */
const limit: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype, scale } = scope.wantedOf(y);
  const x = scope.asInteger(node.inputs[0]!, dtype);
  const attributes = { ...scope.outputAttributes(dtype, scale), ...clampAttributes(node, dtype, scale) };
  scope.setInteger(y, scope.builder.op("requantize", [x], attributes));
};

const fixed =
  (op: string, scaleOfType: (dtype: ActivationType) => Scale, only?: ActivationType): Rule =>
  (scope, node) => {
    const y = node.outputs[0]!;
    const dtype = only ?? scope.wantedOf(y).dtype;
    const x = scope.asInteger(node.inputs[0]!, dtype);
    scope.setInteger(y, scope.builder.op(op, [x], scope.outputAttributes(dtype, scaleOfType(dtype))));
  };

const ofLogistic = (dtype: ActivationType): Scale => (dtype === "i8" ? { scale: 1 / 256, zeroPoint: -128 } : unitScale("i16"));

const mean: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype, scale } = scope.wantedOf(y);
  const x = scope.asInteger(node.inputs[0]!, dtype);
  scope.setInteger(y, scope.builder.op("quantized_mean", [x], { ...node.attributes, ...scope.outputAttributes(dtype, scale) }));
};

/** An integer that stands for a number, wherever one scale is as good as another. */
function constant(scope: QuantizeScope, name: string, value: number, dtype: ActivationType): Value {
  const scale = { scale: value === 0 ? 1 : Math.fround(Math.abs(value) / 127), zeroPoint: 0 };
  const stored = [127 * Math.sign(value)];
  return scope.addParameter(
    name,
    quantizedType(dtype, [1], scale),
    dtype === "i8" ? Int8Array.from(stored) : Int16Array.from(stored),
  );
}

/** The mean, times the number of elements: the same integers at another scale. */
const sum: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype, scale } = scope.wantedOf(y);
  const x = scope.asInteger(node.inputs[0]!, dtype);
  const count = sizeOf(x.type.shape) / sizeOf(y.type.shape);
  const ofMean = { scale: Math.fround(scale.scale / count), zeroPoint: scale.zeroPoint };
  const mean = scope.builder.op("quantized_mean", [x], { ...node.attributes, ...scope.outputAttributes(dtype, ofMean) });
  const factor = constant(scope, "count", count, dtype);
  scope.setInteger(y, scope.builder.op("quantized_mul", [mean, factor], scope.outputAttributes(dtype, scale)));
};

/** scale * x + offset with constants. */
const affine: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype, scale } = scope.wantedOf(y);
  const factor = numberOf(node.attributes, "scale");
  const offset = numberOf(node.attributes, "offset");
  let x = scope.asInteger(node.inputs[0]!, dtype);
  if (factor !== 1) {
    // Without an offset the product is the result; else it has the input's steps, times the factor.
    const own = scaleOf(x.type);
    const ofProduct =
      offset === 0 || factor === 0
        ? scale
        : {
            scale: Math.fround(own.scale * Math.abs(factor)),
            zeroPoint: factor > 0 || dtype === "i16" ? own.zeroPoint : -1 - own.zeroPoint,
          };
    x = scope.builder.op(
      "quantized_mul",
      [x, constant(scope, "factor", factor, dtype)],
      scope.outputAttributes(dtype, ofProduct),
    );
  }
  if (offset !== 0)
    x = scope.builder.op("quantized_add", [x, constant(scope, "offset", offset, dtype)], scope.outputAttributes(dtype, scale));
  scope.setInteger(y, x);
};

const concat: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype, scale } = scope.wantedOf(y);
  const inputs = node.inputs.map((v) => scope.asInteger(v, dtype));
  const attributes = { ...node.attributes, ...scope.outputAttributes(dtype, scale) };
  scope.setInteger(y, scope.builder.op("quantized_concat", inputs, attributes));
};

/** The first state of a cell. */
const zeros: Rule = (scope, node) => {
  const y = node.outputs[0]!;
  const { dtype, scale } = scope.wantedOf(y);
  const x = scope.asInteger(node.inputs[0]!, scope.dtype);
  scope.setInteger(y, scope.builder.op("zeros", [x], { ...node.attributes, ...scope.outputAttributes(dtype, scale) }));
};

/** How each op of a float graph is written in integers. Products and scans have functions of their own. */
export const rules: Readonly<Record<string, Rule>> = {
  reshape: move,
  slice: move,
  pad: move,
  unslice: move,
  transpose: move,
  average_pool: atInputScale,
  max_pool: atInputScale,
  max: atInputScale,
  maximum,
  add: pair("quantized_add"),
  sub: pair("quantized_sub"),
  mul: pair("quantized_mul"),
  relu: limit,
  clamp: limit,
  sigmoid: fixed("quantized_logistic", ofLogistic),
  tanh: fixed("quantized_tanh", unitScale),
  softmax: fixed("quantized_softmax", ofLogistic, "i8"),
  mean,
  sum,
  affine,
  concat,
  zeros,
  dropout: (scope, node) => scope.alias(node.outputs[0]!, node.inputs[0]!),
};
