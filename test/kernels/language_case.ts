import { KernelBuilder } from "../../src/kernels/kernel_builder.js";
import { type ComputeType, type Expression, type Kernel, mul } from "../../src/kernels/language.js";

/** Number of lanes that a kernel uses for a type. */
export type Lanes = (type: ComputeType) => number;

export interface LanguageCase {
  readonly name: string;
  /** Elements of each buffer: a multiple of 16, so that vectors of any width divide them. */
  readonly length: number;
  readonly build: (k: KernelBuilder, lanes: Lanes) => void;
  /** Largest allowed difference: 0 is the same bits. */
  readonly tolerance: number;
}

/** The kernel of the case for vectors of `width` 32-bit lanes (half as many of 64 bits). */
export function buildCase(c: LanguageCase, width: number): Kernel {
  const k = new KernelBuilder(c.name);
  c.build(k, (type) => (type === "f64" ? Math.max(1, width / 2) : width));
  return k.finish();
}

/** Runs `fill` for each group of `lanes` elements. */
export function overElements(k: KernelBuilder, lanes: number, fill: (i: Expression) => void, length = 48): void {
  k.parallel(length / lanes, (p) => fill(mul(p, lanes)));
}
