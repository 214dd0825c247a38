import { integerLimits, isInteger, activated, resultScale } from "./activation.js";
import { activation, type OptionName } from "../schema.js";
import type { FileOperator } from "./file.js";
import { type ReadRule, type Reading, sameSteps } from "./reading.js";

function realOnly(operator: FileOperator, reading: Reading): void {
  for (let i = 0; i < operator.inputs.length; i++)
    if (reading.input(operator, i) && isInteger(operator, reading, i))
      reading.refuse(operator, `input ${i} is ${reading.required(operator, i).type}`, "this operator is read for float32 only");
}

/** An op of real numbers with the same number of inputs. */
function real(op: string, inputs: 1 | 2): ReadRule {
  return (operator, reading) => {
    realOnly(operator, reading);
    const values = inputs === 1 ? [reading.value(operator, 0)] : [reading.value(operator, 0), reading.value(operator, 1)];
    reading.set(operator, reading.op(op, values));
  };
}

/** Whether an operator computes with whole numbers without a scale: counts. */
function isWhole(operator: FileOperator, reading: Reading): boolean {
  return [0, 1].every((i) => {
    const { type, quantization } = reading.required(operator, i);
    return type === "int32" && quantization === undefined;
  });
}

/** An op of two reals or two whole numbers. */
function number(op: string): ReadRule {
  const reals = real(op, 2);
  return (operator, reading) => {
    if (!isWhole(operator, reading)) return reals(operator, reading);
    reading.set(operator, reading.op(op, [reading.value(operator, 0), reading.value(operator, 1)]));
  };
}

/** The larger or smaller of two numbers; of integers with a scale, of those of one tensor and a constant at its scale. */
function limit(op: string, side: "low" | "high"): ReadRule {
  const numbers = number(op);
  return (operator, reading) => {
    if (!isInteger(operator, reading) || isWhole(operator, reading)) return numbers(operator, reading);
    const constant = [0, 1].find((i) => reading.required(operator, i).data !== undefined);
    const bound = constant === undefined ? undefined : reading.storedNumber(operator, constant);
    if (bound === undefined && op === "maximum") {
      const inputs = [reading.value(operator, 0), reading.value(operator, 1)];
      return reading.set(operator, reading.op("quantized_maximum", inputs));
    }
    if (constant === undefined || bound === undefined)
      return reading.refuse(operator, "of integers", "this operator is read for float32, or with one constant number");
    const { quantization } = reading.required(operator, constant);
    const x = reading.value(operator, 1 - constant);
    const same = quantization && x.type.quantization && sameSteps(quantization, x.type.quantization);
    if (!same) return reading.refuse(operator, "of integers of two scales", "this operator is read for integers of one scale");
    reading.set(operator, reading.op("requantize", [x], { ...resultScale(operator, reading), [side]: bound }));
  };
}

/** Arithmetic of reals or integers with broadcasting and a fused activation. */
function arithmetic(op: string, table: OptionName, integers = true): ReadRule {
  return (operator, reading) => {
    const code = operator.option(table, "activation");
    const inputs = [reading.value(operator, 0), reading.value(operator, 1)];
    if (integers && op !== "mul" && code === activation.none && isWhole(operator, reading))
      return reading.set(operator, reading.op(op, inputs));
    if (!integers || !isInteger(operator, reading)) {
      realOnly(operator, reading);
      return reading.set(operator, activated(reading.op(op, inputs), code, operator, reading));
    }
    const attributes = { ...resultScale(operator, reading), ...integerLimits(code, operator, reading) };
    reading.set(operator, reading.op(`quantized_${op}`, inputs, attributes));
  };
}

/** Reals as `op`, integers as `quantized_<integer>` at the result's scale. */
function curve(op: string, integer: string): ReadRule {
  return (operator, reading) => {
    const x = reading.value(operator, 0);
    if (isInteger(operator, reading)) reading.set(operator, reading.op(integer, [x], resultScale(operator, reading)));
    else reading.set(operator, reading.op(op, [x]));
  };
}

/** An activation that stands alone; of integers it is a change of scale with limits. */
function alone(code: number): ReadRule {
  return (operator, reading) => {
    const x = reading.value(operator, 0);
    if (!isInteger(operator, reading)) return reading.set(operator, activated(x, code, operator, reading));
    const attributes = { ...resultScale(operator, reading), ...integerLimits(code, operator, reading) };
    reading.set(operator, reading.op("requantize", [x], attributes));
  };
}

const softmax: ReadRule = (operator, reading) => {
  const x = reading.value(operator, 0);
  const beta = operator.option("Softmax", "beta");
  if (isInteger(operator, reading))
    return reading.set(operator, reading.op("quantized_softmax", [x], { ...resultScale(operator, reading), beta }));
  const scaled = beta === 1 ? x : reading.op("affine", [x], { scale: beta, offset: 0 });
  reading.set(operator, reading.op("softmax", [scaled]));
};

const quantize: ReadRule = (operator, reading) => {
  const x = reading.value(operator, 0);
  const op = isInteger(operator, reading) ? "requantize" : "quantize";
  reading.set(operator, reading.op(op, [x], resultScale(operator, reading)));
};

const dequantize: ReadRule = (operator, reading) => reading.set(operator, reading.op("dequantize", [reading.value(operator, 0)]));

function reduction(op: string, integer?: string): ReadRule {
  return (operator, reading) => {
    const x = reading.value(operator, 0);
    const axes = reading.integers(operator, 1);
    const keep = operator.option("Reducer", "keepDimensions") !== 0;
    if (!isInteger(operator, reading)) return reading.set(operator, reading.op(op, [x], { axes, keep }));
    if (integer === undefined) return reading.refuse(operator, "of integers", "this operator is read for float32 only");
    // The largest element keeps the input's scale, which the file must give the result, too.
    const scale = integer === "quantized_max" ? {} : resultScale(operator, reading);
    reading.set(operator, reading.op(integer, [x], { axes, keep, ...scale }));
  };
}

/** Ops that work on each element, along the last axis or over axes. */
export const readElementwise: Readonly<Record<string, ReadRule>> = {
  ADD: arithmetic("add", "Add"),
  SUB: arithmetic("sub", "Sub"),
  MUL: arithmetic("mul", "Mul"),
  DIV: arithmetic("div", "Div", false),
  MAXIMUM: limit("maximum", "low"),
  MINIMUM: limit("minimum", "high"),
  NEG: real("neg", 1),
  ABS: real("abs", 1),
  EXP: real("exp", 1),
  LOG: real("log", 1),
  SQRT: real("sqrt", 1),
  RSQRT: real("rsqrt", 1),
  SQUARE: real("square", 1),
  ROUND: real("round", 1),
  SIGN: real("sign", 1),
  LOG_SOFTMAX: real("log_softmax", 1),
  RELU: alone(activation.relu),
  RELU6: alone(activation.relu6),
  RELU_N1_TO_1: alone(activation.relu_n1_to_1),
  LOGISTIC: curve("sigmoid", "quantized_logistic"),
  TANH: curve("tanh", "quantized_tanh"),
  SOFTMAX: softmax,
  QUANTIZE: quantize,
  DEQUANTIZE: dequantize,
  MEAN: reduction("mean", "quantized_mean"),
  SUM: reduction("sum"),
  REDUCE_MAX: reduction("max", "quantized_max"),
};
