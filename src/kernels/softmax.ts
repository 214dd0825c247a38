import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type Kernel, max, mul, sub } from "./language.js";
import { exp, log } from "./math.js";

/** Softmax, or its logarithm, of each row. Buffers: x, y. */
export function softmaxKernel(element: "f32" | "f64", rows: number, columns: number, logarithm: boolean): Kernel {
  const k = new KernelBuilder("softmax");
  const x = k.buffer("x", element);
  const y = k.buffer("y", element, true);
  k.parallel(rows, (p) => {
    const row = k.let(mul(p, columns));
    const largest = k.mutable(k.load(x, row));
    k.for(1, columns, 1, (j) => k.assign(largest, max(largest, k.load(x, add(row, j)))));
    const total = k.mutable(constant(element, 0));
    k.for(0, columns, 1, (j) => {
      const e = exp(k, k.let(sub(k.load(x, add(row, j)), largest)));
      if (!logarithm) k.store(y, add(row, j), e);
      k.assign(total, add(total, e));
    });
    if (logarithm) {
      const level = k.let(add(log(k, total), largest));
      k.for(0, columns, 1, (j) => k.store(y, add(row, j), sub(k.load(x, add(row, j)), level)));
    } else {
      const inverse = k.let(div(constant(element, 1), total));
      k.for(0, columns, 1, (j) => k.store(y, add(row, j), mul(k.load(y, add(row, j)), inverse)));
    }
  });
  return k.finish();
}
