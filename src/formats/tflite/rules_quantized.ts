import { UserError } from "../../base/errors.js";
import { booleanOf, numberOf, shapeOf, textOf } from "../../graph/attributes.js";
import type { Node, ParameterData, Quantization, Value } from "../../graph/types.js";
import { resultOf, writeLimited } from "./integer_limits.js";
import { kindOfValue, type TfliteLowering, type TfliteRule } from "./lowering.js";
import { type BuiltinOperator, type OptionName, padding } from "./schema.js";

function transposed(values: ParameterData, rows: number, columns: number): ParameterData {
  const result = values.slice();
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
  return result;
}

/** How a kernel lies in the file: its shape, its elements, and the axis of its scales. */
interface Arranged {
  readonly shape: readonly number[];
  readonly axis: number;
  readonly arrange: (values: ParameterData) => ParameterData;
}

/** The bias as TFLite's kernels read it: with activations of 16 bits they take 64-bit integers. */
function biasOf(content: ParameterData, x: Value): ParameterData | BigInt64Array {
  return x.type.dtype === "i16" ? BigInt64Array.from(content, BigInt) : content;
}

function product(
  code: BuiltinOperator,
  table: OptionName,
  version: number,
  arranged: (shape: readonly number[]) => Arranged,
): TfliteRule {
  return (node, lowering) => {
    const [x, weight, bias] = node.inputs;
    const values = lowering.constant(weight) as ParameterData | undefined;
    const scales = weight.type.quantization;
    if (!values || !scales) throw new UserError(`${node.op}: TFLite needs constant weights with scales`);
    const { shape, axis, arrange } = arranged(weight.type.shape);
    const { emitter } = lowering;
    const moved: Quantization = scales.axis === undefined ? scales : { ...scales, axis };
    const kernel = emitter.shared(weight, () => emitter.quantized(lowering.name(weight), shape, arrange(values), moved));
    const inputs = [table === "FullyConnected" ? lowering.tensor(x) : withPast(node, lowering), kernel];
    const sums: Quantization = {
      scale: scales.scale.map((s) => Math.fround(s * (x.type.quantization?.scale[0] ?? 1))),
      zeroPoint: scales.scale.map(() => 0),
      ...(scales.scale.length > 1 ? { axis: 0 } : {}),
    };
    if (!bias && table !== "FullyConnected") {
      // TFLite's convolutions of integers want a bias.
      const zeros = new Int32Array(node.outputs[0].type.shape.at(-1) ?? 0);
      inputs.push(emitter.quantized(`${lowering.name(weight)}/no_bias`, [zeros.length], biasOf(zeros, x), sums));
    }
    if (bias) {
      const content = lowering.constant(bias) as ParameterData;
      inputs.push(emitter.shared(bias, () => emitter.quantized(lowering.name(bias), bias.type.shape, biasOf(content, x), sums)));
    }
    const options = table === "FullyConnected" ? fullOptions(x.type.shape.length) : geometryOptions(node, table);
    const wide = x.type.dtype === "i16" ? 1 : 0;
    writeLimited(node, lowering, true, (result, activation) =>
      emitter.apply(code, inputs, result, [table, { ...options, activation }], version + wide),
    );
  };
}

function fullOptions(axes: number): Record<string, number> {
  return { keepDimensions: axes > 2 ? 1 : 0 };
}

/** The map of a convolution, with the zeros of the past where padding is causal. PAD writes the zero point. */
function withPast(node: Node, lowering: TfliteLowering): number {
  const [x, weight] = node.inputs;
  const input = lowering.tensor(x);
  const past = ((weight.type.shape[0] ?? 1) - 1) * (shapeOf(node.attributes, "dilations")[0] ?? 1);
  if (textOf(node.attributes, "padding") !== "causal" || past === 0) return input;
  const amounts = lowering.emitter.integers("padding", [4, 2], [0, 0, past, 0, 0, 0, 0, 0]);
  const [batch, time, ...rest] = x.type.shape;
  const shape = [batch as number, (time as number) + past, ...rest];
  const result = { ...kindOfValue(x), name: `${lowering.name(node.outputs[0])}/past`, shape };
  return lowering.emitter.apply("PAD", [input, amounts], result, ["Pad", {}], 2);
}

function geometryOptions(node: Node, table: OptionName): Record<string, number> {
  const [strideH, strideW] = shapeOf(node.attributes, "strides");
  const [dilationH, dilationW] = shapeOf(node.attributes, "dilations");
  const kind = textOf(node.attributes, "padding");
  const mode = kind === "same" ? padding.same : padding.valid;
  const depth: Record<string, number> = table === "DepthwiseConv2D" ? { depthMultiplier: 1 } : {};
  return { padding: mode, strideW, strideH, dilationW, dilationH, ...depth };
}

const conv2d = product("CONV_2D", "Conv2D", 3, ([height, width, inner, outer]) => ({
  shape: [outer, height, width, inner],
  axis: 0,
  arrange: (values) => transposed(values, height * width * inner, outer),
}));

const depthwiseConv2d = product("DEPTHWISE_CONV_2D", "DepthwiseConv2D", 3, ([height, width, channels]) => ({
  shape: [1, height, width, channels],
  axis: 3,
  arrange: (values) => values,
}));

const dense = product("FULLY_CONNECTED", "FullyConnected", 4, ([inner, outer]) => ({
  shape: [outer, inner],
  axis: 0,
  arrange: (values) => transposed(values, inner, outer),
}));

/** An operator of integers whose options are a table without numbers, or with an activation. */
function plain(code: BuiltinOperator, version: number, table?: OptionName, fused = false): TfliteRule {
  return (node, lowering) => {
    const inputs = node.inputs.map((v) => lowering.tensor(v));
    writeLimited(node, lowering, fused, (result, activation) => {
      const values: Record<string, number> = fused ? { activation } : {};
      const options = table && ([table, values] as const);
      return lowering.emitter.apply(code, inputs, result, options, version);
    });
  };
}

/** A sum. Of 16 bits it must say that its scales are no powers of 2, which LiteRT adds with other rounding, or not at all. */
function sum(code: "ADD" | "SUB", table: "Add" | "Sub", wideVersion: number): TfliteRule {
  return (node, lowering) => {
    const isWide = node.inputs[0].type.dtype === "i16";
    const inputs = node.inputs.map((v) => lowering.tensor(v));
    const version = isWide ? wideVersion : 2;
    writeLimited(node, lowering, true, (result, activation) => {
      const values = { activation, ...(isWide ? { potScaleInt16: 0 } : {}) };
      return lowering.emitter.apply(code, inputs, result, [table, values], version);
    });
  };
}

function pool(code: BuiltinOperator): TfliteRule {
  return (node, lowering) => {
    const [filterHeight, filterWidth] = shapeOf(node.attributes, "window");
    const [strideH, strideW] = shapeOf(node.attributes, "strides");
    const mode = textOf(node.attributes, "padding") === "same" ? padding.same : padding.valid;
    const options = { padding: mode, strideW, strideH, filterWidth, filterHeight };
    const inputs = [lowering.tensor(node.inputs[0])];
    writeLimited(node, lowering, true, (result, activation) =>
      lowering.emitter.apply(code, inputs, result, ["Pool2D", { ...options, activation }], 2),
    );
  };
}

const mean: TfliteRule = (node, lowering) => {
  const x = node.inputs[0];
  const axes = shapeOf(node.attributes, "axes").map((a) => (a < 0 ? a + x.type.shape.length : a));
  const inputs = [lowering.tensor(x), lowering.emitter.integers("axes", [axes.length], axes)];
  const keepDimensions = booleanOf(node.attributes, "keep") ? 1 : 0;
  writeLimited(node, lowering, false, (result) =>
    lowering.emitter.apply("MEAN", inputs, result, ["Reducer", { keepDimensions }], 2),
  );
};

const largest: TfliteRule = (node, lowering) => {
  const [x] = node.inputs;
  const axes = shapeOf(node.attributes, "axes").map((a) => (a < 0 ? a + x.type.shape.length : a));
  const inputs = [lowering.tensor(x), lowering.emitter.integers("axes", [axes.length], axes)];
  const keepDimensions = booleanOf(node.attributes, "keep") ? 1 : 0;
  const version = x.type.dtype === "i16" ? 3 : 2;
  const tensor = lowering.emitter.apply("REDUCE_MAX", inputs, resultOf(node, lowering), ["Reducer", { keepDimensions }], version);
  lowering.set(node.outputs[0], tensor);
};

const maximum: TfliteRule = (node, lowering) => {
  const inputs = node.inputs.map((v) => lowering.tensor(v));
  const version = node.inputs[0].type.dtype === "i16" ? 4 : 2;
  const result = resultOf(node, lowering);
  lowering.set(node.outputs[0], lowering.emitter.apply("MAXIMUM", inputs, result, ["MaximumMinimum", {}], version));
};

const concat: TfliteRule = (node, lowering) => {
  const axis = numberOf(node.attributes, "axis");
  // CONCATENATION takes inputs at the result's scale alone.
  const scaleOf = (v: Value): string => JSON.stringify(v.type.quantization);
  const inputs = node.inputs.map((v) => {
    if (scaleOf(v) === scaleOf(node.outputs[0])) return lowering.tensor(v);
    const result = { ...kindOfValue(node.outputs[0]), name: `${lowering.name(v)}/scaled`, shape: v.type.shape };
    return lowering.emitter.apply("QUANTIZE", [lowering.tensor(v)], result, ["Quantize", {}], 2);
  });
  const options = { axis: axis < 0 ? axis + node.outputs[0].type.shape.length : axis };
  lowering.set(
    node.outputs[0],
    lowering.emitter.apply("CONCATENATION", inputs, resultOf(node, lowering), ["Concatenation", options], 2),
  );
};

const softmax: TfliteRule = (node, lowering) => {
  const beta = typeof node.attributes.beta === "number" ? node.attributes.beta : 1;
  const inputs = [lowering.tensor(node.inputs[0])];
  lowering.set(node.outputs[0], lowering.emitter.apply("SOFTMAX", inputs, resultOf(node, lowering), ["Softmax", { beta }], 2));
};

/** Ops of integers. */
export const quantizedRules: Readonly<Record<string, TfliteRule>> = {
  quantized_conv2d: conv2d,
  quantized_depthwise_conv2d: depthwiseConv2d,
  quantized_dense: dense,
  quantized_add: sum("ADD", "Add", 3),
  quantized_sub: sum("SUB", "Sub", 5),
  quantized_mul: plain("MUL", 2, "Mul", true),
  quantized_logistic: plain("LOGISTIC", 2),
  quantized_tanh: plain("TANH", 2),
  quantized_average_pool: pool("AVERAGE_POOL_2D"),
  quantized_max_pool: pool("MAX_POOL_2D"),
  quantized_mean: mean,
  quantized_max: largest,
  quantized_maximum: maximum,
  quantized_concat: concat,
  quantized_softmax: softmax,
  quantize: plain("QUANTIZE", 1, "Quantize"),
  requantize: plain("QUANTIZE", 2, "Quantize"),
  dequantize: plain("DEQUANTIZE", 2, "Dequantize"),
};
