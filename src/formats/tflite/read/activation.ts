import { integerRange } from "../../../graph/quantized.js";
import type { Attributes, Value } from "../../../graph/types.js";
import { activation } from "../schema.js";
import type { FileOperator } from "./file.js";
import type { Reading } from "./reading.js";

const largest = 3.4028234663852886e38;

/** Limits of real numbers that a fused activation sets. */
const limits: ReadonlyMap<number, readonly [low: number, high: number]> = new Map([
  [activation.none, [-largest, largest]],
  [activation.relu, [0, largest]],
  [activation.relu_n1_to_1, [-1, 1]],
  [activation.relu6, [0, 6]],
]);

function limitsOf(code: number, operator: FileOperator, reading: Reading): readonly [number, number] {
  return limits.get(code) ?? reading.refuse(operator, `fused activation ${code}`);
}

/** A value with the operator's fused activation. */
export function activated(value: Value, code: number, operator: FileOperator, reading: Reading): Value {
  const [low, high] = limitsOf(code, operator, reading);
  if (code === activation.none) return value;
  return code === activation.relu ? reading.op("relu", [value]) : reading.op("clamp", [value], { low, high });
}

const roundAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

/** Scale, zero point and element type of an operator's result, as attributes of the integer ops. */
export function resultScale(operator: FileOperator, reading: Reading, i = 0): Attributes {
  const { dtype, quantization } = reading.typeOf(reading.output(operator, i));
  if (!quantization || quantization.scale.length !== 1)
    return reading.refuse(operator, "its result has no scale of its own", "convert the model with full integer quantization");
  return {
    outputScale: quantization.scale[0] as number,
    outputZeroPoint: quantization.zeroPoint[0] as number,
    outputType: dtype,
  };
}

/** Least and largest stored value under a fused activation (CalculateActivationRangeQuantized). */
export function integerLimits(code: number, operator: FileOperator, reading: Reading): Attributes {
  const { outputScale, outputZeroPoint } = resultScale(operator, reading);
  const { dtype } = reading.typeOf(reading.output(operator));
  if (dtype === "f32" || dtype === "f64") return reading.refuse(operator, "mixes real numbers and integers");
  const [least, most] = integerRange(dtype);
  const stored = (real: number): number =>
    (outputZeroPoint as number) + roundAway(Math.fround(Math.fround(real) / (outputScale as number)));
  const [low, high] = limitsOf(code, operator, reading);
  return {
    low: low === -largest ? least : Math.max(least, stored(low)),
    high: high === largest ? most : Math.min(most, stored(high)),
  };
}

/** Whether an operator computes with integers; refuses a mixture of integer weights and real numbers. */
export function isInteger(operator: FileOperator, reading: Reading, i = 0): boolean {
  const { type } = reading.required(operator, i);
  return type !== "float32";
}
