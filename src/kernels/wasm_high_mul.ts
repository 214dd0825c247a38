import type { CodeWriter } from "./wasm_assembler.js";

/** Write the factors onto the stack. */
export interface Factors {
  left(): void;
  right(): void;
}

/** doubling_high_mul of two i32: (left * right + 2^30) >> 31 in 64 bits. */
export function scalarHighMul(code: CodeWriter, factors: Factors): void {
  factors.left();
  code.op("i64.extend_i32_s");
  factors.right();
  code.op("i64.extend_i32_s");
  code.op("i64.mul");
  code.i64(2 ** 30);
  code.op("i64.add");
  code.i64(31);
  code.op("i64.shr_s");
  code.op("i32.wrap_i64");
}

/** doubling_high_mul of four lanes: two products of two lanes in 64 bits, whose low halves are put together. */
export function vectorHighMul(code: CodeWriter, factors: Factors): void {
  const a = code.local("v128");
  const b = code.local("v128");
  factors.left();
  code.set(a);
  factors.right();
  code.set(b);
  for (const half of ["low", "high"] as const) {
    code.get(a);
    code.get(b);
    code.op(`i64x2.extmul_${half}_i32x4_s`);
    code.v128(new Uint8Array(new BigInt64Array(2).fill(2n ** 30n).buffer));
    code.op("i64x2.add");
    code.i32(31);
    code.op("i64x2.shr_s");
  }
  code.shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]);
  code.release(b);
  code.release(a);
}
