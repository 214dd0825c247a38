import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, convert, type Expression, type Kernel, max, min, mul, sub, unary } from "./language.js";

/** Where output sample i lies in the input: at i * scale ("legacy", TensorFlow 1), or at (i + 0.5) * scale - 0.5. */
export type Coordinates = "legacy" | "half-pixel";

/** Rows of samples and what is made of them. */
export interface ResampleShape {
  readonly rows: number;
  /** Samples of a row that is read. */
  readonly samples: number;
  /** Samples of a row that is written. */
  readonly outputs: number;
  readonly coordinates: Coordinates;
}

/**
 * Kernel (x [rows, samples], ranges i32 [rows, 3], scales [rows], y [rows, outputs]): sample i of a row, from start to end of its
 * range (start, end, offset), is interpolated between the samples about (i + offset) * scale; the others are zeros. One rounding
 * after every operation, as TensorFlow has it; the ends of the input repeat.
 */
export function resampleLinearKernel(name: string, { rows, samples, outputs, coordinates }: ResampleShape): Kernel {
  const k = new KernelBuilder(name);
  const x = k.buffer("x", "f32");
  const ranges = k.buffer("ranges", "i32");
  const scales = k.buffer("scales", "f32");
  const y = k.buffer("y", "f32", true);
  const last = samples - 1;
  const inside = (i: Expression): Expression => (coordinates === "legacy" ? min(i, last) : min(max(i, 0), last));
  k.parallel(rows, (row) => {
    const from = k.let(mul(row, samples));
    const to = k.let(mul(row, outputs));
    const [start, end, offset] = [0, 1, 2].map((i) => k.let(k.load(ranges, add(mul(row, 3), i)))) as [
      Expression,
      Expression,
      Expression,
    ];
    const scale = k.let(k.load(scales, row));
    const zero = (i: Expression): void => k.store(y, add(to, i), constant("f32", 0));
    k.for(0, start, 1, zero);
    k.for(start, end, 1, (i) => {
      const place = convert(add(i, offset), "f32");
      const position = k.let(coordinates === "legacy" ? mul(place, scale) : sub(mul(add(place, 0.5), scale), 0.5));
      // A position is not negative but in half-pixel coordinates, where cutting would not be rounding down.
      const floor = coordinates === "legacy" ? undefined : k.let(unary("floor", position));
      const lower = k.let(convert(floor ?? position, "i32"));
      const fraction = k.let(sub(position, floor ?? convert(lower, "f32")));
      const left = k.let(k.load(x, add(from, inside(lower))));
      const right = k.load(x, add(from, inside(add(lower, 1))));
      k.store(y, add(to, i), add(left, mul(sub(right, left), fraction)));
    });
    k.for(end, outputs, 1, zero);
  });
  return k.finish();
}
