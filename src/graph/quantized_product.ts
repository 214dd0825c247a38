import { UserError } from "../base/errors.js";
import type { DType, TensorType } from "./types.js";

/** Checks the bias of an integer product: i32, one a column, or none. */
export function checkBias(bias: TensorType | undefined, columns: number): void {
  if (bias && (bias.dtype !== "i32" || bias.shape.length !== 1 || bias.shape[0] !== columns))
    throw new UserError(`the bias must be i32[${columns}], found ${bias.dtype}[${bias.shape.join(",")}]`);
}

/**
 * Checks that sums of so many products fit in 32 bits whatever the 8-bit values are. Sums of 16-bit values can only be checked
 * with the weights; passes/quantize.ts does.
 */
export function checkSums(dtype: DType, zeroPoint: number, products: number): void {
  if (dtype === "i16" && zeroPoint !== 0) throw new UserError(`the zero point of i16 must be 0, found ${zeroPoint}`);
  const largest = dtype === "i16" ? 0 : 255 * 128;
  if (products * largest >= 2 ** 31) throw new UserError(`sums of ${products} products do not fit in 32 bits`);
}
