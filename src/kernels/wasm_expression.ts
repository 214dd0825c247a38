import { InternalError } from "../base/errors.js";
import type { BinaryOperator, Buffer, ComputeType, Expression } from "./language.js";
import { operands } from "./wasm_affine.js";
import type { CodeWriter } from "./wasm_assembler.js";
import { shapeOf, writeConversion } from "./wasm_conversion.js";
import { scalarHighMul, vectorHighMul } from "./wasm_high_mul.js";
import { type LaneOpcode, laneOpcodes, type Opcode, opcodes, type ValueType } from "./wasm_opcodes.js";
import { vectorBytes } from "./wasm_vector_bytes.js";

/** Double-precision functions that modules import ("math"), in the order of their function indices. */
export const importedFunctions = ["exp", "log", "tanh"] as const;

/** Register of a value. */
export function valueTypeOf(type: ComputeType, lanes: number): ValueType {
  if (lanes > 1) return "v128";
  return type === "mask" ? "i32" : type;
}

/** What an expression is written with. */
export interface ExpressionContext {
  readonly code: CodeWriter;
  /** Whether relaxed SIMD may be used. */
  readonly relaxed: boolean;
  /** Local of a variable. */
  variable(name: string): number;
  /** Whether the variable's local holds a vector of its value (a scalar that is only used so). */
  isBroadcast(name: string): boolean;
  /** Local that holds the vector constant, if there is one. */
  vectorConstant(e: Expression & { kind: "constant" }): number | undefined;
  /** Emits the address of an element, returns its immediate offset. */
  address(buffer: Buffer, index: Expression): number;
}

function opcodeNamed(name: string): Opcode {
  if (!(name in opcodes)) throw new InternalError(`the loop language has no ${name} in WebAssembly`);
  return name as Opcode;
}

function laneOpcode(type: ComputeType, lanes: number, verb: "extract" | "replace"): LaneOpcode {
  const name = `${shapeOf(type, lanes)}.${verb}_lane`;
  if (!(name in laneOpcodes)) throw new InternalError(`the loop language has no ${name} in WebAssembly`);
  return name as LaneOpcode;
}

/** A value that the hardware must not compute unless it is selected: it reads memory or may trap. */
function mustStayLazy(e: Expression): boolean {
  const divides = e.kind === "binary" && e.type === "i32" && (e.operator === "div" || e.operator === "rem");
  return e.kind === "load" || divides || operands(e).some(mustStayLazy);
}

const wrapping: Partial<Record<BinaryOperator, string>> = { wrap_add: "add", wrap_mul: "mul" };

/** Writes the value of expressions onto the stack. */
export class ExpressionWriter {
  readonly #context: ExpressionContext;
  readonly #code: CodeWriter;

  constructor(context: ExpressionContext) {
    this.#context = context;
    this.#code = context.code;
  }

  write(e: Expression): void {
    switch (e.kind) {
      case "constant":
        return this.#constant(e);
      case "variable":
        return this.#code.get(this.#context.variable(e.name));
      case "load":
        return this.#load(e);
      case "unary":
        return this.#unary(e);
      case "binary":
        return this.#binary(e);
      case "fma":
        return this.#fma(e);
      case "select":
        return this.#select(e);
      case "convert":
        this.write(e.operand);
        return writeConversion(this.#code, this.#context.relaxed, e.operand.type, e.type, e.lanes);
      case "bits":
        this.write(e.operand);
        if (e.lanes === 1) this.#code.op(opcodeNamed(`${e.type}.reinterpret_${e.operand.type}`));
        return;
      case "splat":
        return this.#splat(e);
      case "part":
        this.write(e.operand);
        return this.#code.lane(`${e.type === "f32" ? "f32x4" : "i32x4"}.extract_lane`, e.at);
      case "shuffle":
        this.write(e.a);
        this.write(e.b);
        return this.#code.shuffle(e.pattern.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)));
      case "horizontal":
        return this.#horizontal(e);
    }
  }

  #constant(e: Expression & { kind: "constant" }): void {
    const local = this.#context.vectorConstant(e);
    if (local !== undefined) this.#code.get(local);
    else if (e.lanes > 1) this.#code.v128(vectorBytes(e.type, e.value));
    else if (e.type === "f32") this.#code.f32(e.value);
    else if (e.type === "f64") this.#code.f64(e.value);
    else this.#code.i32(e.value);
  }

  #load(e: Expression & { kind: "load" }): void {
    const offset = this.#context.address(e.buffer, e.index);
    const element = e.buffer.element;
    shapeOf(e.type, e.lanes);
    if (e.lanes === 1) {
      if (element === "u8") this.#code.memory("i32.load8_u", offset, 0);
      else if (element === "i8") this.#code.memory("i32.load8_s", offset, 0);
      else if (element === "i16") this.#code.memory("i32.load16_s", offset, 1);
      else this.#code.memory(`${element}.load`, offset, 3);
    } else if (element === "i8" || element === "u8") {
      const sign = element === "i8" ? "s" : "u";
      this.#code.memory("v128.load32_zero", offset, 0);
      this.#code.op(`i16x8.extend_low_i8x16_${sign}`);
      this.#code.op(`i32x4.extend_low_i16x8_${sign}`);
    } else if (element === "i16") this.#code.memory("v128.load16x4_s", offset, 1);
    else this.#code.memory("v128.load", offset, element === "f64" ? 3 : 2);
  }

  /** Writes a store; narrow elements keep the low bits of the value, as in a typed array. */
  store(buffer: Buffer, index: Expression, value: Expression): void {
    const offset = this.#context.address(buffer, index);
    this.write(value);
    const element = buffer.element;
    if (value.lanes === 1) {
      if (element === "u8" || element === "i8") this.#code.memory("i32.store8", offset, 0);
      else if (element === "i16") this.#code.memory("i32.store16", offset, 1);
      else this.#code.memory(`${element}.store`, offset, 3);
    } else if (element === "i8" || element === "u8" || element === "i16") {
      const wide = this.#code.local("v128");
      this.#code.tee(wide);
      this.#code.get(wide);
      if (element === "i16") {
        this.#code.shuffle([0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13]);
        this.#code.storeLane("v128.store64_lane", offset, 1, 0);
      } else {
        this.#code.shuffle([0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12]);
        this.#code.storeLane("v128.store32_lane", offset, 0, 0);
      }
      this.#code.release(wide);
    } else this.#code.memory("v128.store", offset, element === "f64" ? 3 : 2);
  }

  #unary(e: Expression & { kind: "unary" }): void {
    const { operator, operand, type, lanes } = e;
    const imported = importedFunctions.indexOf(operator as "exp");
    if (imported >= 0) {
      if (type !== "f64") throw new InternalError(`${operator} of ${type} is written with math.ts, not as an operator`);
      if (lanes === 1) {
        this.write(operand);
        return this.#code.call(imported);
      }
      return this.#lanewise([operand], type, lanes, () => this.#code.call(imported));
    }
    if (operator === "not") {
      this.write(operand);
      return this.#code.op(lanes === 1 ? "i32.eqz" : "v128.not");
    }
    if (type === "i32" && lanes === 1) return this.#scalarInteger(operator, operand);
    this.write(operand);
    this.#code.op(opcodeNamed(`${shapeOf(type, lanes)}.${operator}`));
  }

  #scalarInteger(operator: string, operand: Expression): void {
    if (operator === "neg") {
      this.#code.i32(0);
      this.write(operand);
      return this.#code.op("i32.sub");
    }
    if (operator !== "abs") throw new InternalError(`the loop language has no ${operator} of i32`);
    // |x| = (x ^ s) - s with s = x >> 31.
    const x = this.#code.local("i32");
    this.write(operand);
    this.#code.tee(x);
    this.#signOf(x);
    this.#code.op("i32.xor");
    this.#signOf(x);
    this.#code.op("i32.sub");
    this.#code.release(x);
  }

  #signOf(x: number): void {
    this.#code.get(x);
    this.#code.i32(31);
    this.#code.op("i32.shr");
  }

  #binary(e: Expression & { kind: "binary" }): void {
    const { left, right, lanes } = e;
    const operator = wrapping[e.operator] ?? e.operator;
    const type = left.type;
    const shape = shapeOf(type, lanes);
    if (operator === "doubling_high_mul") {
      const write = { left: () => this.write(left), right: () => this.write(right) };
      return lanes === 1 ? scalarHighMul(this.#code, write) : vectorHighMul(this.#code, write);
    }
    if (lanes === 1) return this.#scalarBinary(operator, left, right);
    if (operator === "shl" || operator === "shr" || operator === "shru") return this.#vectorShift(operator, e);
    if (type === "i32" && (operator === "div" || operator === "rem"))
      return this.#lanewise([left, right], type, lanes, () => this.#code.op(`i32.${operator}`));
    if (operator === "and" || operator === "or" || operator === "xor") {
      this.write(left);
      this.write(right);
      return this.#code.op(`v128.${operator}`);
    }
    if (type !== "i32" && (operator === "max" || operator === "min")) {
      // pmax(x, y) = x < y ? y : x, so that max(a, b) = a > b ? a : b is pmax(b, a); pmin likewise.
      this.#swapped(left, right);
      return this.#code.op(opcodeNamed(`${shape}.p${operator}`));
    }
    this.write(left);
    this.write(right);
    this.#code.op(opcodeNamed(`${shape}.${operator}`));
  }

  /** Writes right, then left. Values have no side effects, so their order is free. */
  #swapped(left: Expression, right: Expression): void {
    this.write(right);
    this.write(left);
  }

  #scalarBinary(operator: string, left: Expression, right: Expression): void {
    const type = left.type;
    if ((operator === "max" || operator === "min") && type !== "i32") return this.#scalarExtremum(operator, left, right);
    if (operator === "max" || operator === "min") {
      const a = this.#code.local("i32");
      const b = this.#code.local("i32");
      this.write(left);
      this.#code.tee(a);
      this.write(right);
      this.#code.tee(b);
      this.#code.get(a);
      this.#code.get(b);
      this.#code.op(operator === "max" ? "i32.gt" : "i32.lt");
      this.#code.op("select");
      this.#code.release(b);
      return this.#code.release(a);
    }
    this.write(left);
    this.write(right);
    this.#code.op(opcodeNamed(`${shapeOf(type, 1)}.${operator}`));
  }

  /** A select of floats becomes a jump in V8; the vector instruction does not. */
  #scalarExtremum(operator: "max" | "min", left: Expression, right: Expression): void {
    const shape = left.type === "f64" ? "f64x2" : "f32x4";
    this.write(right);
    this.#code.op(`${shape}.splat`);
    this.write(left);
    this.#code.op(`${shape}.splat`);
    this.#code.op(`${shape}.p${operator}`);
    this.#code.lane(`${shape}.extract_lane`, 0);
  }

  #vectorShift(operator: "shl" | "shr" | "shru", e: Expression & { kind: "binary" }): void {
    const count = e.right;
    if (count.kind !== "constant" && count.kind !== "splat")
      return this.#lanewise([e.left, count], e.type, e.lanes, () => this.#code.op(`i32.${operator}`));
    this.write(e.left);
    if (count.kind === "constant") this.#code.i32(count.value);
    else this.write(count.operand);
    this.#code.op(`i32x4.${operator}`);
  }

  /** Applies a scalar operation to each lane, where there is no vector instruction. */
  #lanewise(values: readonly Expression[], type: ComputeType, lanes: number, apply: () => void): void {
    const locals = values.map((value) => {
      const local = this.#code.local("v128");
      this.write(value);
      this.#code.set(local);
      return local;
    });
    this.#code.get(locals[0] as number);
    for (let lane = 0; lane < lanes; lane++) {
      for (const local of locals) {
        this.#code.get(local);
        this.#code.lane(laneOpcode(type, lanes, "extract"), lane);
      }
      apply();
      this.#code.lane(laneOpcode(type, lanes, "replace"), lane);
    }
    for (const local of locals) this.#code.release(local);
  }

  #fma(e: Expression & { kind: "fma" }): void {
    const shape = shapeOf(e.type, e.lanes);
    this.write(e.a);
    this.write(e.b);
    if (this.#context.relaxed && (shape === "f32x4" || shape === "f64x2")) {
      this.write(e.c);
      return this.#code.op(`${shape}.relaxed_madd`);
    }
    this.#code.op(opcodeNamed(`${shape}.mul`));
    this.write(e.c);
    this.#code.op(opcodeNamed(`${shape}.add`));
  }

  #select(e: Expression & { kind: "select" }): void {
    const { condition, whenTrue, whenFalse, lanes } = e;
    const scalar = lanes === 1 ? condition : condition.kind === "splat" ? condition.operand : undefined;
    if (scalar) {
      if (lanes === 1 && e.type === "i32" && !mustStayLazy(whenTrue) && !mustStayLazy(whenFalse)) {
        this.write(whenTrue);
        this.write(whenFalse);
        this.write(scalar);
        return this.#code.op("select");
      }
      this.write(scalar);
      this.#code.if(valueTypeOf(e.type, lanes));
      this.write(whenTrue);
      this.#code.else();
      this.write(whenFalse);
      return this.#code.end();
    }
    this.write(whenTrue);
    this.write(whenFalse);
    this.write(condition);
    // Every lane of a mask is all ones or all zeros, so the relaxed form selects the same.
    this.#code.op(this.#context.relaxed ? "i32x4.relaxed_laneselect" : "v128.bitselect");
  }

  /** Writes a vector whose lanes all have the value of the scalar, which is f32 or f64. */
  broadcast(operand: Expression): void {
    this.#splat({ kind: "splat", type: operand.type, lanes: operand.type === "f64" ? 2 : 4, operand });
  }

  #splat(e: Expression & { kind: "splat" }): void {
    const { operand, type, lanes } = e;
    if (operand.kind === "variable" && this.#context.isBroadcast(operand.name))
      return this.#code.get(this.#context.variable(operand.name));
    const shape = shapeOf(type, lanes);
    if (operand.kind === "load" && operand.buffer.element === type) {
      const offset = this.#context.address(operand.buffer, operand.index);
      return this.#code.memory(type === "f64" ? "v128.load64_splat" : "v128.load32_splat", offset, 3);
    }
    if (type === "mask") this.#code.i32(0);
    this.write(operand);
    if (type === "mask") this.#code.op("i32.sub");
    this.#code.op(opcodeNamed(`${shape}.splat`));
  }

  /** Combines the lower with the upper half until one lane is left. */
  #horizontal(e: Expression & { kind: "horizontal" }): void {
    const { lanes, type } = e.operand;
    const shape = shapeOf(type, lanes);
    const operation = e.operator === "add" || type === "i32" ? e.operator : (`p${e.operator}` as const);
    const vector = this.#code.local("v128");
    this.write(e.operand);
    this.#code.set(vector);
    for (let half = 8; half * lanes >= 16; half /= 2) {
      const upper = Array.from({ length: 16 }, (_, i) => (i + half) % 16);
      // pmax and pmin take the second operand of max and min first.
      const order = operation === "pmax" || operation === "pmin" ? ["upper", "lower"] : ["lower", "upper"];
      for (const part of order) {
        this.#code.get(vector);
        if (part === "lower") continue;
        this.#code.get(vector);
        this.#code.shuffle(upper);
      }
      this.#code.op(opcodeNamed(`${shape}.${operation}`));
      this.#code.set(vector);
    }
    this.#code.get(vector);
    this.#code.lane(laneOpcode(type, lanes, "extract"), 0);
    this.#code.release(vector);
  }
}
