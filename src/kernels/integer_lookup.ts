import { KernelBuilder } from "./kernel_builder.js";
import { add, type Kernel } from "./language.js";

/** y[i] = table[x[i] + 128]. Buffers: x i8, table i32 [256], y i8. */
export function integerLookupKernel(size: number): Kernel {
  const k = new KernelBuilder("integer_lookup");
  const x = k.buffer("x", "i8");
  const table = k.buffer("table", "i32");
  const y = k.buffer("y", "i8", true);
  k.parallel(size, (i) => k.store(y, i, k.load(table, k.let(add(k.load(x, i), 128)))));
  return k.finish();
}
