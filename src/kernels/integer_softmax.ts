import { KernelBuilder } from "./kernel_builder.js";
import { add, binary, constant, type Expression, type Kernel, max, min, mul, select, sub } from "./language.js";
import { limit, mulhi, roundingDivideByPowerOfTwo } from "./requantize.js";

/** x * 2^exponent, held at the ends of the range. */
function saturatingShiftLeft(k: KernelBuilder, x: Expression, exponent: number): Expression {
  const most = Math.floor((2 ** 31 - 1) / 2 ** exponent);
  const value = k.let(x);
  const shifted = binary("shl", value, exponent);
  const high = select(binary("gt", value, most), constant("i32", 2 ** 31 - 1), shifted);
  return k.let(select(binary("lt", value, -most), constant("i32", -(2 ** 31)), k.let(high)));
}

/** 1 / (1 + x) for x in [0, 1), both with 31 bits behind the point (kernels/fixed_point.ts, oneOverOnePlus). */
function oneOverOnePlus(k: KernelBuilder, x: Expression): Expression {
  const half = k.let(add(binary("shr", x, 1), 2 ** 30));
  let y = k.let(add(mulhi(half, -1010580540), 1515870810));
  for (let i = 0; i < 3; i++) {
    const error = k.let(sub(constant("i32", 2 ** 29), mulhi(half, y)));
    y = k.let(add(y, saturatingShiftLeft(k, mulhi(y, error), 2)));
  }
  return saturatingShiftLeft(k, y, 1);
}

/**
 * Softmax of rows of i8 as TFLite's reference and TFLite Micro's portable kernels compute it.
 * Buffers: x i8, e^-(differences 0 to 255) with 31 bits behind the point i32 [256], y i8 at scale 1/256 and zero point -128.
 */
export function integerSoftmaxKernel(rows: number, columns: number): Kernel {
  const k = new KernelBuilder("integer_softmax");
  const x = k.buffer("x", "i8");
  const exponentials = k.buffer("exponentials", "i32");
  const y = k.buffer("y", "i8", true);
  k.parallel(rows, (p) => {
    const row = k.let(mul(p, columns));
    const largest = k.mutable(k.load(x, row));
    k.for(1, columns, 1, (j) => k.assign(largest, max(largest, k.load(x, add(row, j)))));
    const exponential = (j: Expression): Expression => k.let(k.load(exponentials, k.let(sub(largest, k.load(x, add(row, j))))));
    // 19 bits behind the point
    const total = k.mutable(constant("i32", 0));
    k.for(0, columns, 1, (j) => k.assign(total, add(total, roundingDivideByPowerOfTwo(k, exponential(j), 12))));
    let overUnit: Expression = constant("i32", 0);
    for (let i = 1; i <= 11; i++)
      overUnit = k.let(add(overUnit, select(binary("ge", total, 2 ** (19 + i)), constant("i32", 1), 0)));
    const headroom = k.let(sub(constant("i32", 12), overUnit));
    const fraction = k.let(binary("and", binary("shl", total, headroom), 0x7fffffff));
    const inverse = oneOverOnePlus(k, fraction);
    const exponent = k.let(min(add(overUnit, 23), 31));
    k.for(0, columns, 1, (j) => {
      const share = roundingDivideByPowerOfTwo(k, mulhi(exponential(j), inverse), exponent);
      k.store(y, add(row, j), k.let(limit(add(share, -128), -128, 127)));
    });
  });
  return k.finish();
}
