import { InternalError } from "../base/errors.js";
import type { ComputeType } from "./language.js";
import type { CodeWriter } from "./wasm_assembler.js";
import type { Opcode } from "./wasm_opcodes.js";

/** Shape of a register in the names of instructions: "f32", or "f32x4". */
export function shapeOf(type: ComputeType, lanes: number): string {
  const valid = lanes === 1 || (type === "f64" ? lanes === 2 : lanes === 4) || (type === "mask" && lanes === 2);
  if (!valid) throw new InternalError(`WebAssembly vectors have 128 bits; ${lanes} lanes of ${type} were asked for`);
  if (lanes === 1) return type === "mask" ? "i32" : type;
  return type === "f64" ? "f64x2" : type === "f32" ? "f32x4" : "i32x4";
}

/** Converts what lies on the stack. */
export function writeConversion(code: CodeWriter, relaxed: boolean, from: ComputeType, to: ComputeType, lanes: number): void {
  if (from === "f32" && to === "i32" && lanes === 1) {
    // The scalar instruction tests for overflow with jumps; the vector takes a quarter of its time (V8 11.3, x64).
    code.op("f32x4.splat");
    writeConversion(code, relaxed, from, to, 4);
    return code.lane("i32x4.extract_lane", 0);
  }
  const name = `${shapeOf(from, lanes)}>${shapeOf(to, lanes)}`;
  const conversions: Record<string, Opcode> = {
    "f64>i32": "i32.trunc_sat_f64_s",
    "i32>f32": "f32.convert_i32_s",
    "i32>f64": "f64.convert_i32_s",
    "f32>f64": "f64.promote_f32",
    "f64>f32": "f32.demote_f64",
    "i32x4>f32x4": "f32x4.convert_i32x4_s",
    "f32x4>i32x4": relaxed ? "i32x4.relaxed_trunc_f32x4_s" : "i32x4.trunc_sat_f32x4_s",
  };
  const opcode = from === "mask" || to === "mask" ? undefined : conversions[name];
  if (!opcode) throw new InternalError(`the loop language does not convert ${from} to ${to} with ${lanes} lanes in WebAssembly`);
  code.op(opcode);
}
