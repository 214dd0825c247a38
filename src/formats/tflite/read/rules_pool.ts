import { padding } from "../schema.js";
import { activated, integerLimits, isInteger } from "./activation.js";
import type { FileOperator } from "./file.js";
import type { ReadRule, Reading } from "./reading.js";

/** Places of the largest window. */
const mostPlaces = 4096;

interface Pool {
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: "same" | "valid";
  readonly code: number;
}

function poolOf(operator: FileOperator, reading: Reading): Pool {
  const of = (name: string): number => operator.option("Pool2D", name);
  const window = [of("filterHeight"), of("filterWidth")] as const;
  if (!window.every((n) => n >= 1) || window[0] * window[1] > mostPlaces)
    reading.refuse(operator, `a window of ${window.join(" x ")}`);
  const mode = of("padding") === padding.same ? "same" : "valid";
  return { window, strides: [of("strideH"), of("strideW")], padding: mode, code: of("activation") };
}

function integerPool(kind: "average" | "max"): (operator: FileOperator, reading: Reading, pool: Pool) => void {
  return (operator, reading, { code, ...pool }) => {
    const x = reading.value(operator, 0);
    const from = x.type.quantization;
    const to = reading.output(operator).quantization;
    if (from?.scale[0] !== to?.scale[0] || from?.zeroPoint[0] !== to?.zeroPoint[0])
      reading.refuse(operator, "its result has another scale than its input");
    const limits = integerLimits(code, operator, reading);
    reading.set(operator, reading.op(`quantized_${kind}_pool`, [x], { ...pool, ...limits }));
  };
}

/** Windows over a map of real numbers. */
function realPool(kind: "average" | "max"): (operator: FileOperator, reading: Reading, pool: Pool) => void {
  return (operator, reading, { code, ...pool }) => {
    const x = reading.value(operator, 0);
    if (x.type.shape.length !== 4) reading.refuse(operator, "a map of other than 4 axes");
    const y = reading.op(`${kind}_pool`, [x], { ...pool });
    reading.set(operator, activated(y, code, operator, reading));
  };
}

const pool =
  (kind: "average" | "max"): ReadRule =>
  (operator, reading) => {
    const found = poolOf(operator, reading);
    (isInteger(operator, reading) ? integerPool : realPool)(kind)(operator, reading, found);
  };

/** Pooling. */
export const readPool: Readonly<Record<string, ReadRule>> = { AVERAGE_POOL_2D: pool("average"), MAX_POOL_2D: pool("max") };
