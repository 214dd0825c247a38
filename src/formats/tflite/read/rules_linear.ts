import type { ParameterData, Quantization, Value } from "../../../graph/types.js";
import { type OptionName, padding } from "../schema.js";
import { activated, integerLimits, isInteger, resultScale } from "./activation.js";
import type { FileOperator, FileTensor } from "./file.js";
import type { ReadRule, Reading } from "./reading.js";

/** Elements of the largest kernel that is made from a smaller one. */
const mostMade = 1 << 24;

/** [rows, columns] to [columns, rows]. */
function transposed(values: ParameterData, rows: number, columns: number): ParameterData {
  const result = values.slice();
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c] as number;
  return result;
}

/** Scales whose axis has moved. */
function movedTo(quantization: Quantization | undefined, from: number, to: number): Quantization | undefined {
  return quantization?.axis === from ? { ...quantization, axis: to } : quantization;
}

function weightOf(operator: FileOperator, reading: Reading, axes: number): FileTensor {
  const weight = reading.required(operator, 1);
  if (weight.shape.length !== axes) reading.refuse(operator, `weights [${weight.shape.join(",")}] instead of ${axes} axes`);
  const real = reading.required(operator, 0).type === "float32";
  if (real && weight.type !== "float32")
    reading.refuse(
      operator,
      `${weight.type} weights with float activations (dynamic range quantization)`,
      "give the float model, or one that is quantized in full (int8 activations)",
    );
  if (!real && weight.type !== "int8") reading.refuse(operator, `${weight.type} weights`, "integer weights must be int8");
  return weight;
}

/** The bias; one of 64-bit integers, as 16-bit activations have it, as 32-bit ones. */
function biasOf(operator: FileOperator, reading: Reading): Value {
  const { type, data, name, shape, quantization } = reading.required(operator, 2);
  if (type !== "int64") return reading.value(operator, 2);
  if (!data) return reading.refuse(operator, `input 2 (${name}) is no constant`);
  const words = new BigInt64Array(Uint8Array.from(data).buffer);
  const narrow = Int32Array.from(words, Number);
  if (words.some((word, i) => word !== BigInt(narrow[i] as number)))
    return reading.refuse(operator, `input 2 (${name}) has numbers beyond 32 bits`);
  return reading.made(name, shape, narrow, "i32", quantization);
}

/** The product with bias and activation. */
function completed(
  operator: FileOperator,
  reading: Reading,
  op: string,
  x: Value,
  kernel: Value,
  attributes: Record<string, string | readonly number[]>,
  code: number,
): Value {
  const hasBias = reading.input(operator, 2) !== undefined;
  const bias = hasBias ? biasOf(operator, reading) : undefined;
  if (isInteger(operator, reading))
    return reading.op(`quantized_${op}`, bias ? [x, kernel, bias] : [x, kernel], {
      ...attributes,
      ...resultScale(operator, reading),
      ...integerLimits(code, operator, reading),
    });
  const product = reading.op(op, [x, kernel], attributes);
  return activated(bias ? reading.op("add", [product, bias]) : product, code, operator, reading);
}

function geometry(operator: FileOperator, table: OptionName) {
  const of = (name: string): number => operator.option(table, name);
  return {
    strides: [of("strideH"), of("strideW")],
    dilations: [of("dilationH"), of("dilationW")],
    padding: of("padding") === padding.same ? "same" : "valid",
  };
}

const conv2d: ReadRule = (operator, reading) => {
  const weight = weightOf(operator, reading, 4);
  const [outer, height, width, inner] = weight.shape as [number, number, number, number];
  const kernel = reading.arranged(
    operator,
    1,
    "conv2d",
    [height, width, inner, outer],
    (values) => transposed(values, outer, height * width * inner),
    movedTo(weight.quantization, 0, 3),
  );
  const code = operator.option("Conv2D", "activation");
  reading.set(
    operator,
    completed(operator, reading, "conv2d", reading.value(operator, 0), kernel, geometry(operator, "Conv2D"), code),
  );
};

/** A depthwise kernel with several results a channel, as the kernel of a convolution: zero where the channels are not each other's. */
function spread(values: ParameterData, taps: number, channels: number, outer: number): ParameterData {
  const make = values.constructor as new (length: number) => ParameterData;
  const result = new make(taps * channels * outer);
  const each = outer / channels;
  for (let t = 0; t < taps; t++)
    for (let o = 0; o < outer; o++) result[(t * channels + Math.floor(o / each)) * outer + o] = values[t * outer + o] as number;
  return result;
}

const depthwiseConv2d: ReadRule = (operator, reading) => {
  const weight = weightOf(operator, reading, 4);
  const [one, height, width, outer] = weight.shape as [number, number, number, number];
  const x = reading.value(operator, 0);
  const channels = x.type.shape[3] ?? 0;
  if (one !== 1 || channels === 0 || outer % channels !== 0)
    reading.refuse(operator, `a kernel [${weight.shape.join(",")}] for ${channels} channels`, "take an undamaged copy");
  const attributes = geometry(operator, "DepthwiseConv2D");
  const code = operator.option("DepthwiseConv2D", "activation");
  if (outer === channels) {
    const shape = [height, width, channels, 1];
    const kernel = reading.arranged(operator, 1, "depthwise", shape, (v) => v, movedTo(weight.quantization, 3, 2));
    return reading.set(operator, completed(operator, reading, "depthwise_conv2d", x, kernel, attributes, code));
  }
  if (height * width * channels * outer > mostMade)
    reading.refuse(operator, `${outer / channels} results for ${channels} channels`);
  const shape = [height, width, channels, outer];
  const arrange = (v: ParameterData): ParameterData => spread(v, height * width, channels, outer);
  const kernel = reading.arranged(operator, 1, "spread", shape, arrange, weight.quantization);
  reading.set(operator, completed(operator, reading, "conv2d", x, kernel, attributes, code));
};

const fullyConnected: ReadRule = (operator, reading) => {
  if (operator.option("FullyConnected", "weightsFormat") !== 0) reading.refuse(operator, "shuffled weights");
  const weight = weightOf(operator, reading, 2);
  const [outer, inner] = weight.shape as [number, number];
  const kernel = reading.arranged(
    operator,
    1,
    "dense",
    [inner, outer],
    (values) => transposed(values, outer, inner),
    movedTo(weight.quantization, 0, 1),
  );
  let x = reading.value(operator, 0);
  const keep = operator.option("FullyConnected", "keepDimensions") !== 0;
  if (!keep && (x.type.shape.length !== 2 || x.type.shape[1] !== inner)) x = reading.op("reshape", [x], { shape: [-1, inner] });
  const code = operator.option("FullyConnected", "activation");
  reading.set(operator, completed(operator, reading, "dense", x, kernel, {}, code));
};

/** A product of two matrices of real numbers. */
const batchMatmul: ReadRule = (operator, reading) => {
  const [x, w] = [reading.value(operator, 0), reading.value(operator, 1)];
  const turned = operator.option("BatchMatMul", "adjointX") !== 0 || operator.option("BatchMatMul", "adjointY") !== 0;
  if (turned || w.type.shape.length !== 2 || x.type.dtype !== "f32")
    reading.refuse(operator, "a product of other than two plain matrices of float32");
  reading.set(operator, reading.op("dense", [x, w]));
};

/** Products with weights. */
export const readLinear: Readonly<Record<string, ReadRule>> = {
  CONV_2D: conv2d,
  DEPTHWISE_CONV_2D: depthwiseConv2d,
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: batchMatmul,
};
