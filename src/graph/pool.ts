import { poolKernel } from "../kernels/pool.js";
import { UserError } from "../base/errors.js";
import { shapeOf } from "./attributes.js";
import { type Geometry, geometryOf } from "./convolution.js";
import { floatOf } from "./lowering.js";
import type { GradientContext, OpDefinition } from "./op.js";
import { poolTime } from "./time.js";
import { type Attributes, tensor, type TensorType, type Value } from "./types.js";

/** Geometry of a pooling window: that of a depthwise convolution without dilation. */
export function poolGeometry(x: TensorType, attributes: Attributes): Geometry {
  const window = shapeOf(attributes, "window");
  if (window.length !== 2 || !window.every((n) => Number.isInteger(n) && n > 0))
    throw new UserError(`window must be two positive integers, found ${JSON.stringify(window)}`);
  return geometryOf(x, [...window, 1, 1], { ...attributes, dilations: [1, 1] });
}

/** The part of the output whose windows have a given place inside the map, and that place for each of them. */
interface Tap {
  /** Begin, end and strides of the elements of x. */
  readonly x: { readonly begin: number[]; readonly end: number[]; readonly strides: number[] };
  /** The same of y; undefined where all of y has the place. */
  readonly y: Tap["x"] | undefined;
}

/** Every place of a window. */
export function tapsOfPool(g: Geometry, channels: number): Tap[] {
  const taps: Tap[] = [];
  for (let i = 0; i < g.kernel[0]; i++)
    for (let j = 0; j < g.kernel[1]; j++) {
      const ranges = ([0, 1] as const).map((d) => {
        const offset = (d === 0 ? i : j) - g.before[d];
        const first = Math.max(0, Math.ceil(-offset / g.strides[d]));
        const last = Math.min(g.output[d] - 1, Math.floor((g.input[d] - 1 - offset) / g.strides[d]));
        return { first, last, from: first * g.strides[d] + offset, stride: g.strides[d] };
      });
      if (ranges.some((r) => r.last < r.first)) continue;
      const [rows, columns] = ranges as [(typeof ranges)[0], (typeof ranges)[0]];
      const to = (r: typeof rows): number => r.from + (r.last - r.first) * r.stride + 1;
      const whole = rows.first === 0 && columns.first === 0 && rows.last === g.output[0] - 1 && columns.last === g.output[1] - 1;
      taps.push({
        x: {
          begin: [0, rows.from, columns.from, 0],
          end: [g.batch, to(rows), to(columns), channels],
          strides: [1, rows.stride, columns.stride, 1],
        },
        y: whole
          ? undefined
          : {
              begin: [0, rows.first, columns.first, 0],
              end: [g.batch, rows.last + 1, columns.last + 1, channels],
              strides: [1, 1, 1, 1],
            },
      });
    }
  return taps;
}

/** The sum over all places of a window of what `share` gives for the place, put back where it was taken from x. */
export function scatterTaps({ node, op }: GradientContext, share: (part: (value: Value) => Value, tap: Tap) => Value): Value {
  const { type } = node.inputs[0] as Value;
  const g = poolGeometry(type, node.attributes);
  let sum: Value | undefined;
  for (const tap of tapsOfPool(g, type.shape[3] as number)) {
    const part = (value: Value): Value => (tap.y ? op("slice", [value], { ...tap.y }) : value);
    const { begin, strides } = tap.x;
    const put = op("unslice", [share(part, tap)], { shape: type.shape, begin, strides });
    sum = sum ? op("add", [sum, put]) : put;
  }
  return sum as Value;
}

/** What average_pool and max_pool have in common. */
export function poolRules(kind: "average" | "max"): Omit<OpDefinition, "documentation"> {
  return {
    name: `${kind}_pool`,
    time: poolTime,
    infer: ([x], attributes) => {
      const g = poolGeometry(x!, attributes);
      return [tensor(x!.dtype, [g.batch, ...g.output, x!.shape[3] as number])];
    },
    batching: () => ({ sliced: [0], gives: "rows" }),
    lower: (context) => {
      const [x, y] = [context.inputs[0]!, context.outputs[0]!];
      const { batch, input, output, kernel: window, strides, before } = poolGeometry(x.type, context.attributes);
      const channels = x.type.shape[3] as number;
      const spec = { kind, element: floatOf(x), batch, input, output, window, strides, before, channels };
      context.call(`pool ${JSON.stringify(spec)}`, () => poolKernel(spec, context.lanes), [x, y]);
    },
  };
}
