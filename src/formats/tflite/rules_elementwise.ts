import { numberOf, shapeOf } from "../../graph/attributes.js";
import { type Node, sizeOf, type Value } from "../../graph/types.js";
import { normalisation } from "../../passes/fold.js";
import { kindOfValue, type TfliteLowering, type TfliteRule } from "./lowering.js";
import { activation, type BuiltinOperator, type OptionName, tensorType } from "./schema.js";

function resultOf(value: Value, lowering: TfliteLowering) {
  return { ...kindOfValue(value), name: lowering.name(value), shape: value.type.shape };
}

function unary(code: BuiltinOperator, table?: OptionName): TfliteRule {
  return (node, lowering) => {
    const [result] = node.outputs;
    const options = table && ([table, {}] as const);
    lowering.set(result, lowering.emitter.apply(code, [lowering.tensor(node.inputs[0])], resultOf(result, lowering), options));
  };
}

/** Arithmetic with broadcasting, and a relu after it within the operator. */
function arithmetic(code: BuiltinOperator, table: OptionName): TfliteRule {
  return (node, lowering) => {
    const { activation: after, result } = lowering.epilogue(node, false);
    const inputs = node.inputs.map((v) => lowering.tensor(v));
    const output = lowering.emitter.apply(code, inputs, resultOf(result, lowering), [table, { activation: activation[after] }]);
    lowering.set(result, output);
  };
}

function binary(code: BuiltinOperator, table: OptionName): TfliteRule {
  return (node, lowering) => {
    const inputs = node.inputs.map((v) => lowering.tensor(v));
    const [result] = node.outputs;
    lowering.set(result, lowering.emitter.apply(code, inputs, resultOf(result, lowering), [table, {}]));
  };
}

/** Operator with a constant number on the right. */
function withNumber(
  code: BuiltinOperator,
  table: OptionName,
  x: number,
  number: number,
  value: Value,
  lowering: TfliteLowering,
): number {
  const right = lowering.emitter.floats("number", [], [number]);
  return lowering.emitter.apply(code, [x, right], resultOf(value, lowering), [table, {}]);
}

const affine: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const scale = numberOf(node.attributes, "scale");
  const offset = numberOf(node.attributes, "offset");
  let x = lowering.tensor(node.inputs[0]);
  if (scale !== 1) x = withNumber("MUL", "Mul", x, scale, result, lowering);
  if (offset !== 0) x = withNumber("ADD", "Add", x, offset, result, lowering);
  lowering.set(result, x);
};

/** Largest finite f32: a limit that limits nothing. */
const largest = 3.4028234663852886e38;

const clamp: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const low = numberOf(node.attributes, "low");
  const high = numberOf(node.attributes, "high");
  const x = lowering.tensor(node.inputs[0]);
  if (low === 0 && high === 6) return lowering.set(result, lowering.emitter.apply("RELU6", [x], resultOf(result, lowering)));
  const above = low <= -largest ? x : withNumber("MAXIMUM", "MaximumMinimum", x, low, result, lowering);
  lowering.set(result, high >= largest ? above : withNumber("MINIMUM", "MaximumMinimum", above, high, result, lowering));
};

/** 1 where left > right (or left = right), else 0. */
function comparison(
  [code, table]: readonly ["GREATER", "Greater"] | readonly ["EQUAL", "Equal"],
  left: number,
  right: number,
  node: Node,
  lowering: TfliteLowering,
): void {
  const [result] = node.outputs;
  const { name, shape, type } = resultOf(result, lowering);
  const truth = lowering.emitter.apply(code, [left, right], { name: `${name}_truth`, shape, type: "bool" }, [table, {}]);
  const types = { from: tensorType.bool, to: tensorType[type] };
  lowering.setTruth(result, truth, () => lowering.emitter.apply("CAST", [truth], { name, shape, type }, ["Cast", types]));
}

const greater = ["GREATER", "Greater"] as const;
const equal = ["EQUAL", "Equal"] as const;

const select: TfliteRule = (node, lowering) => {
  const [condition, a, b] = node.inputs;
  const [result] = node.outputs;
  const inputs = [lowering.truth(condition), lowering.tensor(a), lowering.tensor(b)];
  lowering.set(result, lowering.emitter.apply("SELECT_V2", inputs, resultOf(result, lowering), ["SelectV2", {}]));
};

/** A batch_norm that could not be folded: x * scale + offset for each channel. */
const batchNorm: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const { emitter } = lowering;
  const { scale, offset } = normalisation(node, (value) => lowering.constant(value) as ArrayLike<number>);
  const scaled = emitter.apply(
    "MUL",
    [lowering.tensor(node.inputs[0]), emitter.floats("scale", [scale.length], scale)],
    resultOf(result, lowering),
    ["Mul", {}],
  );
  const { activation: after, result: last } = lowering.epilogue(node, false);
  const inputs = [scaled, emitter.floats("offset", [offset.length], offset)];
  lowering.set(last, emitter.apply("ADD", inputs, resultOf(last, lowering), ["Add", { activation: activation[after] }]));
};

const expand: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const shape = result.type.shape;
  const wanted = lowering.emitter.integers("shape", [shape.length], [...shape]);
  // Version 2 is the one that every TFLite has registered (ranks up to 8).
  const inputs = [lowering.tensor(node.inputs[0]), wanted];
  lowering.set(result, lowering.emitter.apply("BROADCAST_TO", inputs, resultOf(result, lowering), ["BroadcastTo", {}], 2));
};

/** Softmax over the last axis; TFLite knows no leading axes beyond four. */
const softmax: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const inputs = [lowering.tensor(node.inputs[0])];
  lowering.set(result, lowering.emitter.apply("SOFTMAX", inputs, resultOf(result, lowering), ["Softmax", { beta: 1 }]));
};

const identity: TfliteRule = (node, lowering) => lowering.set(node.outputs[0], lowering.tensor(node.inputs[0]));

const zeros: TfliteRule = (node, lowering) => {
  const [result] = node.outputs;
  const { dtype, quantization } = result.type;
  const size = sizeOf(result.type.shape);
  const zero = quantization?.zeroPoint[0] ?? 0;
  if (dtype === "i8") lowering.setConstant(result, new Int8Array(size).fill(zero));
  else if (dtype === "i32") lowering.setConstant(result, new Int32Array(size));
  else if (dtype === "i16") lowering.setConstant(result, new Int16Array(size).fill(zero));
  else lowering.setConstant(result, new Float32Array(size));
};

function reduction(code: BuiltinOperator): TfliteRule {
  return (node, lowering) => {
    const [result] = node.outputs;
    const x = node.inputs[0];
    const axes = shapeOf(node.attributes, "axes").map((a) => (a < 0 ? a + x.type.shape.length : a));
    const inputs = [lowering.tensor(x), lowering.emitter.integers("axes", [axes.length], axes)];
    const keepDimensions = node.attributes.keep === true ? 1 : 0;
    lowering.set(result, lowering.emitter.apply(code, inputs, resultOf(result, lowering), ["Reducer", { keepDimensions }]));
  };
}

/** Ops that work on each element, along the last axis or over axes. */
export const elementwiseRules: Readonly<Record<string, TfliteRule>> = {
  neg: unary("NEG", "Neg"),
  abs: unary("ABS", "Abs"),
  exp: unary("EXP", "Exp"),
  log: unary("LOG"),
  sqrt: unary("SQRT"),
  rsqrt: unary("RSQRT"),
  square: unary("SQUARE", "Square"),
  relu: unary("RELU"),
  sigmoid: unary("LOGISTIC"),
  tanh: unary("TANH"),
  round: unary("ROUND"),
  sign: unary("SIGN", "Sign"),
  affine,
  clamp,
  add: arithmetic("ADD", "Add"),
  sub: arithmetic("SUB", "Sub"),
  mul: arithmetic("MUL", "Mul"),
  div: arithmetic("DIV", "Div"),
  maximum: binary("MAXIMUM", "MaximumMinimum"),
  minimum: binary("MINIMUM", "MaximumMinimum"),
  greater: (node, lowering) =>
    comparison(greater, lowering.tensor(node.inputs[0]), lowering.tensor(node.inputs[1]), node, lowering),
  equal: (node, lowering) => comparison(equal, lowering.tensor(node.inputs[0]), lowering.tensor(node.inputs[1]), node, lowering),
  select,
  step: (node, lowering) =>
    comparison(greater, lowering.tensor(node.inputs[0]), lowering.emitter.floats("number", [], [0]), node, lowering),
  batch_norm: batchNorm,
  dropout: identity,
  expand,
  softmax,
  log_softmax: unary("LOG_SOFTMAX", "LogSoftmax"),
  zeros,
  sum: reduction("SUM"),
  mean: reduction("MEAN"),
  max: reduction("REDUCE_MAX"),
};
