import type { ParameterData, Value } from "../../../graph/types.js";
import type { FileOperator } from "./file.js";
import type { ReadRule, Reading } from "./reading.js";

/** Both inputs of a comparison: real numbers, or whole ones without a scale. */
function compared(operator: FileOperator, reading: Reading): readonly [Value, Value] {
  for (const i of [0, 1]) {
    const { type, quantization } = reading.required(operator, i);
    if ((type !== "float32" && type !== "int32") || quantization)
      reading.refuse(operator, `input ${i} is ${type}`, "comparisons are read for float32 and int32 without a scale");
  }
  return [reading.value(operator, 0), reading.value(operator, 1)];
}

/** One of two numbers of an element type. */
function choice(condition: Value, [yes, no]: readonly [number, number], dtype: "f32" | "i32", reading: Reading): Value {
  const number = (value: number): Value => {
    const content: ParameterData = dtype === "f32" ? Float32Array.of(value) : Int32Array.of(value);
    return reading.made(`truth_${value}`, [1], content, dtype);
  };
  return reading.op("select", [condition, number(yes), number(no)]);
}

const equal: ReadRule = (operator, reading) => reading.setTruth(operator, reading.op("equal", compared(operator, reading)));

const notEqual: ReadRule = (operator, reading) => {
  const same = reading.op("equal", compared(operator, reading));
  reading.setTruth(operator, choice(same, [0, 1], same.type.dtype as "f32" | "i32", reading));
};

const greater: ReadRule = (operator, reading) => reading.setTruth(operator, reading.op("greater", compared(operator, reading)));

const less: ReadRule = (operator, reading) => {
  const [a, b] = compared(operator, reading);
  reading.setTruth(operator, reading.op("greater", [b, a]));
};

const select: ReadRule = (operator, reading) => {
  const condition = reading.truth(operator, 0);
  const { shape } = reading.output(operator);
  if (operator.code === "SELECT" && condition.type.shape.join() !== shape.join())
    reading.refuse(operator, `a condition of [${condition.type.shape.join(",")}] for [${shape.join(",")}]`);
  reading.set(operator, reading.op("select", [condition, reading.value(operator, 1), reading.value(operator, 2)]));
};

/** Truth values as numbers; other conversions are not read. */
const cast: ReadRule = (operator, reading) => {
  const { type } = reading.required(operator, 0);
  const to = reading.output(operator).type;
  if (type !== "bool" || (to !== "float32" && to !== "int32")) return reading.refuse(operator, `from ${type} to ${to}`);
  const dtype = to === "float32" ? "f32" : "i32";
  reading.set(operator, choice(reading.truth(operator, 0), [1, 0], dtype, reading));
};

/** Comparisons, whose truth values are numbers 1 and 0 in the graph, and what is done with them. */
export const readTruth: Readonly<Record<string, ReadRule>> = {
  EQUAL: equal,
  NOT_EQUAL: notEqual,
  GREATER: greater,
  LESS: less,
  SELECT: select,
  SELECT_V2: select,
  CAST: cast,
};
