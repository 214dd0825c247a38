import { KernelBuilder } from "./kernel_builder.js";
import { add, binary, constant, convert, type Expression, type Kernel, min, mul, rem, sub } from "./language.js";

/** Rows of 16-bit samples, or of samples that are floats already. */
export interface DecodeShape {
  readonly rows: number;
  /** Samples of a row. */
  readonly samples: number;
  readonly lanes: number;
}

/**
 * Kernel (pcm i16 [rows, samples], counts i32 [rows], samples [rows, samples], y [rows, samples]): the first count 16-bit samples of
 * a row as fractions of full scale, zeros behind them; where the count is negative, the row of `samples`.
 */
export function decodePcm16Kernel(name: string, { rows, samples, lanes }: DecodeShape): Kernel {
  const k = new KernelBuilder(name);
  const pcm = k.buffer("pcm", "i16");
  const counts = k.buffer("counts", "i32");
  const floats = k.buffer("samples", "f32");
  const y = k.buffer("y", "f32", true);
  k.parallel(rows, (row) => {
    const first = k.let(mul(row, samples));
    const given = k.let(k.load(counts, row));
    const decoded = (at: Expression, width: number): void =>
      k.store(y, at, mul(convert(k.load(pcm, at, width), "f32"), 1 / 32768));
    const copied = (at: Expression, width: number): void => k.store(y, at, k.load(floats, at, width));
    const each = (count: Expression, put: (at: Expression, width: number) => void): void => {
      const whole = k.let(sub(count, rem(count, constant("i32", lanes))));
      if (lanes > 1) k.for(0, whole, lanes, (i) => put(add(first, i), lanes));
      k.for(lanes > 1 ? whole : 0, count, 1, (i) => put(add(first, i), 1));
    };
    k.if(
      binary("ge", given, 0),
      () => {
        const count = k.let(min(given, samples));
        each(count, decoded);
        k.for(count, samples, 1, (i) => k.store(y, add(first, i), constant("f32", 0)));
      },
      () => each(constant("i32", samples), copied),
    );
  });
  return k.finish();
}
