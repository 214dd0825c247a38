import { geometryOf } from "../../../graph/convolution.js";
import type { Value } from "../../../graph/types.js";
import { padding } from "../schema.js";
import { activated, integerLimits, isInteger } from "./activation.js";
import type { FileOperator } from "./file.js";
import type { ReadRule, Reading } from "./reading.js";

/** Places of the largest window. */
const mostPlaces = 4096;
const lowest = -3.4028234663852886e38;

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

/** Mean of real numbers: a depthwise convolution with ones, times one over the number of places inside the map. */
function realAverage(operator: FileOperator, reading: Reading, pool: Pool): void {
  const x = reading.value(operator, 0);
  const channels = x.type.shape[3] ?? 0;
  const [height, width] = pool.window;
  const ones = reading.made("window", [height, width, channels, 1], new Float32Array(height * width * channels).fill(1));
  const attributes = { strides: pool.strides, padding: pool.padding, dilations: [1, 1] };
  const sum = reading.op("depthwise_conv2d", [x, ones], attributes);
  const g = geometryOf(x.type, ones.type.shape, attributes);
  const inside = (d: 0 | 1, at: number): number => {
    const first = at * g.strides[d] - g.before[d];
    return Math.min(first + pool.window[d], g.input[d]) - Math.max(first, 0);
  };
  const [rows, columns] = g.output;
  const shares = Float32Array.from(
    { length: rows * columns },
    (_, i) => 1 / (inside(0, Math.floor(i / columns)) * inside(1, i % columns)),
  );
  const share = reading.made("share", [1, rows, columns, 1], shares);
  const mean = reading.op("mul", [sum, share]);
  reading.set(operator, activated(mean, pool.code, operator, reading));
}

/** The map with the lowest number around it, where there is padding. */
function bordered(reading: Reading, x: Value, before: readonly number[], after: readonly number[]): Value {
  let y = x;
  for (const [axis, sizes] of [
    [1, [before[0], after[0]]],
    [2, [before[1], after[1]]],
  ] as const) {
    const border = (n: number | undefined): Value[] => {
      if (!n) return [];
      const shape = y.type.shape.map((size, i) => (i === axis ? n : size));
      return [reading.made("border", shape, new Float32Array(shape.reduce((p, s) => p * s, 1)).fill(lowest))];
    };
    const parts = [...border(sizes[0]), y, ...border(sizes[1])];
    if (parts.length > 1) y = reading.op("concat", parts, { axis });
  }
  return y;
}

/** Largest real number of a window: the maximum of one strided slice for each place. */
function realMax(operator: FileOperator, reading: Reading, pool: Pool): void {
  const x = reading.value(operator, 0);
  if (x.type.shape.length !== 4) reading.refuse(operator, "a map of other than 4 axes");
  const attributes = { strides: pool.strides, padding: pool.padding, dilations: [1, 1] };
  const g = geometryOf(x.type, [...pool.window, 1, 1], attributes);
  const map = bordered(reading, x, g.before, g.after);
  let best: Value | undefined;
  for (let i = 0; i < g.kernel[0]; i++)
    for (let j = 0; j < g.kernel[1]; j++) {
      const [batch, , , channels] = map.type.shape as [number, number, number, number];
      const end = [batch, i + (g.output[0] - 1) * g.strides[0] + 1, j + (g.output[1] - 1) * g.strides[1] + 1, channels];
      const strides = [1, g.strides[0], g.strides[1], 1];
      const part = reading.op("slice", [map], { begin: [0, i, j, 0], end, strides });
      best = best ? reading.op("maximum", [best, part]) : part;
    }
  reading.set(operator, activated(best as Value, pool.code, operator, reading));
}

const pool =
  (kind: "average" | "max"): ReadRule =>
  (operator, reading) => {
    const found = poolOf(operator, reading);
    if (isInteger(operator, reading)) integerPool(kind)(operator, reading, found);
    else if (kind === "average") realAverage(operator, reading, found);
    else realMax(operator, reading, found);
  };

/** Pooling. */
export const readPool: Readonly<Record<string, ReadRule>> = { AVERAGE_POOL_2D: pool("average"), MAX_POOL_2D: pool("max") };
