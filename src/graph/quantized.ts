import { UserError } from "../base/errors.js";
import { type Multiplier, quantizeMultiplier, roundHalfAway } from "../kernels/fixed_point.js";
import { numberOf, textOf } from "./attributes.js";
import type { Attributes, DType, Quantization, TensorType } from "./types.js";

/** Integers that values of the quantized ops are stored as. */
export type QuantizedDType = "i8" | "i16" | "u8" | "i32";

const ranges: Readonly<Record<QuantizedDType, readonly [number, number]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  i32: [-(2 ** 31), 2 ** 31 - 1],
};

/** Least and largest value of an integer element type. */
export function integerRange(dtype: DType): readonly [number, number] {
  if (dtype === "f32" || dtype === "f64") throw new UserError(`${dtype} is no integer type`);
  return ranges[dtype];
}

/** Scale and zero point of a tensor that has one of each. */
export interface Scale {
  /** A single-precision number. */
  readonly scale: number;
  readonly zeroPoint: number;
}

/**
 * The scale and zero point of a whole tensor.
 * @throws UserError where it has none, or one for each channel
 */
export function scaleOf(type: TensorType): Scale {
  const q = type.quantization;
  if (!q || q.scale.length !== 1 || q.axis !== undefined)
    throw new UserError(`a tensor of ${type.dtype} needs one scale and one zero point`);
  checkQuantization(q, type);
  return { scale: Math.fround(q.scale[0]!), zeroPoint: q.zeroPoint[0] ?? 0 };
}

/**
 * Scales of weights, one for each of `channels` (all equal where the tensor has a single one).
 * @param axis of the channels
 * @throws UserError where there are others, or a zero point is not 0
 */
export function weightScales(
  type: TensorType,
  axis: number,
  channels: number,
): { scales: readonly number[]; perChannel: boolean } {
  const q = type.quantization;
  if (type.dtype !== "i8" || !q) throw new UserError(`weights are i8 with scales, found ${type.dtype}`);
  checkQuantization(q, type);
  if (q.zeroPoint.some((z) => z !== 0)) throw new UserError("the zero points of weights must be 0");
  if (q.scale.length === 1 && q.axis === undefined)
    return { scales: new Array<number>(channels).fill(Math.fround(q.scale[0]!)), perChannel: false };
  if (q.axis !== axis || q.scale.length !== channels)
    throw new UserError(
      `weights need one scale, or ${channels} along axis ${axis}; found ${q.scale.length} along axis ${q.axis}`,
    );
  return { scales: q.scale.map((s) => Math.fround(s)), perChannel: true };
}

function checkQuantization({ scale, zeroPoint }: Quantization, { dtype }: TensorType): void {
  const [low, high] = integerRange(dtype);
  for (const s of scale)
    if (!(Math.fround(s) > 0) || !Number.isFinite(Math.fround(s)))
      throw new UserError(`a scale must be greater than 0, found ${s}`);
  for (const z of zeroPoint)
    if (!Number.isInteger(z) || z < low || z > high) throw new UserError(`a zero point of ${dtype} cannot be ${z}`);
}

/** A real number as the op quantize stores it: single precision, ties away from zero. */
export function storedValue(x: number, { scale, zeroPoint }: Scale, dtype: DType): number {
  const [low, high] = integerRange(dtype);
  return Math.max(low, Math.min(high, roundHalfAway(Math.fround(Math.fround(x) / scale)) + zeroPoint));
}

/** A type with one scale and zero point. */
export function quantizedType(dtype: DType, shape: readonly number[], { scale, zeroPoint }: Scale): TensorType {
  return { dtype, shape: [...shape], quantization: { scale: [scale], zeroPoint: [zeroPoint] } };
}

/** The input's element type and quantization under another shape; what ops that only move elements give. */
export function movedType(x: TensorType, shape: readonly number[]): TensorType {
  const q = x.quantization;
  return { dtype: x.dtype, shape: [...shape], ...(q && q.axis === undefined ? { quantization: q } : {}) };
}

/** What the attributes outputScale, outputZeroPoint and outputType say of a result of that shape. */
export function outputType(
  attributes: Attributes,
  shape: readonly number[],
  allowed: readonly DType[] = ["i8", "i16"],
): TensorType {
  const dtype = textOf(attributes, "outputType");
  if (!(allowed as readonly string[]).includes(dtype))
    throw new UserError(`outputType must be ${allowed.join(" or ")}, found ${JSON.stringify(dtype)}`);
  const type = quantizedType(dtype as DType, shape, {
    scale: Math.fround(numberOf(attributes, "outputScale")),
    zeroPoint: numberOf(attributes, "outputZeroPoint"),
  });
  scaleOf(type);
  return type;
}

/** The clamp of a fused activation: attributes low and high inside the range of the type, or that range. */
export function clampOf(attributes: Attributes, dtype: DType): readonly [number, number] {
  const [least, most] = integerRange(dtype);
  const low = attributes["low"] === undefined ? least : numberOf(attributes, "low");
  const high = attributes["high"] === undefined ? most : numberOf(attributes, "high");
  if (!Number.isInteger(low) || !Number.isInteger(high) || low < least || high > most || low > high)
    throw new UserError(`low and high must be integers from ${least} to ${most}, found ${low} and ${high}`);
  return [low, high];
}

/** Checks that an input is of one of the element types and has one scale. */
export function requireQuantized(type: TensorType | undefined, allowed: readonly DType[] = ["i8", "i16"]): Scale {
  if (!type || !allowed.includes(type.dtype))
    throw new UserError(`takes ${allowed.join(" or ")}, found ${type?.dtype ?? "nothing"}`);
  return scaleOf(type);
}

/**
 * The factors from sums of products to the output, one a channel, as TFLite makes them: double precision, but for weights with a
 * single scale of a fully connected layer, whose scale is multiplied with the input's in single precision.
 */
export function productMultipliers(
  x: Scale,
  weights: { readonly scales: readonly number[]; readonly perChannel: boolean },
  y: Scale,
  fullyConnected: boolean,
): Multiplier[] {
  const single = fullyConnected && !weights.perChannel;
  return weights.scales.map((w) => quantizeMultiplier((single ? Math.fround(x.scale * w) : x.scale * w) / y.scale));
}
