import { UserError } from "../base/errors.js";
import { shapeOf, textOf } from "./attributes.js";
import type { Attributes, TensorType } from "./types.js";

/** Where the taps of a convolution over [batch, height, width, channels] fall. */
export interface Geometry {
  readonly batch: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Zeros before and after the map. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

function pairOf(attributes: Attributes, name: string): [number, number] {
  const value = shapeOf(attributes, name);
  if (value.length !== 2 || !value.every((n) => Number.isInteger(n) && n > 0))
    throw new UserError(`${name} must be two positive integers, found ${JSON.stringify(value)}`);
  return [value[0] as number, value[1] as number];
}

/** Geometry from the map x [B,H,W,C], the kernel's height and width and the attributes. `same` is TensorFlow's: the smaller half of the padding comes first; `causal` pads time on the left and frequency not at all; `explicit` as the attribute pads says: [top, bottom, left, right]. */
export function geometryOf(x: TensorType, kernelShape: readonly number[], attributes: Attributes): Geometry {
  if (x.shape.length !== 4) throw new UserError(`needs a map [batch, time, frequency, channels], found ${x.shape.length} axes`);
  if (kernelShape.length !== 4) throw new UserError(`needs a kernel of 4 axes, found ${kernelShape.length}`);
  const strides = pairOf(attributes, "strides");
  const dilations = pairOf(attributes, "dilations");
  const padding = textOf(attributes, "padding");
  const before: number[] = [];
  const after: number[] = [];
  const output: number[] = [];
  for (const d of [0, 1] as const) {
    const size = x.shape[d + 1] as number;
    const reach = ((kernelShape[d] as number) - 1) * dilations[d] + 1;
    let total = 0;
    let first = 0;
    if (padding === "same") {
      total = Math.max((Math.ceil(size / strides[d]) - 1) * strides[d] + reach - size, 0);
      first = Math.floor(total / 2);
    } else if (padding === "causal") {
      total = d === 0 ? reach - 1 : 0;
      first = total;
    } else if (padding === "explicit") {
      const pads = shapeOf(attributes, "pads");
      first = pads[2 * d] ?? 0;
      total = first + (pads[2 * d + 1] ?? 0);
    } else if (padding !== "valid") throw new UserError(`padding must be same, valid or causal, found ${padding}`);
    const places = Math.floor((size + total - reach) / strides[d]) + 1;
    if (places < 1)
      throw new UserError(
        `the kernel spans ${reach} ${d === 0 ? "frames" : "features"} of a map that has ${size}; use a smaller kernel, same padding or a longer clip`,
      );
    before.push(first);
    after.push(total - first);
    output.push(places);
  }
  const pair = (list: readonly number[]): [number, number] => [list[0] as number, list[1] as number];
  return {
    batch: x.shape[0] as number,
    input: [x.shape[1] as number, x.shape[2] as number],
    output: pair(output),
    kernel: pair(kernelShape),
    strides,
    dilations,
    before: pair(before),
    after: pair(after),
  };
}
