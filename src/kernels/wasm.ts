import { InternalError } from "../base/errors.js";
import type { Buffer, Expression, Kernel, Statement } from "./language.js";
import { AddressWriter } from "./wasm_address.js";
import { type Facts, gatherFacts, visitExpressions, visitStatements } from "./wasm_affine.js";
import { CodeWriter, type WasmFunction } from "./wasm_assembler.js";
import { ExpressionWriter, valueTypeOf } from "./wasm_expression.js";
import type { ValueType } from "./wasm_opcodes.js";
import { vectorBytes } from "./wasm_vector_bytes.js";

/** What the code may use beyond SIMD of 128 bits. */
export interface PrintOptions {
  /** Relaxed SIMD: fused multiply-add. */
  readonly relaxed: boolean;
}

function constantKey(e: Expression & { kind: "constant" }): string {
  return `${e.type}x${e.lanes}:${Object.is(e.value, -0) ? "-0" : e.value}`;
}

/**
 * Immutable scalars that are used only as vectors of equal lanes. They are kept as such: a load that fills all lanes is
 * one instruction, a load and a splat are two.
 */
function broadcastVariables(list: readonly Statement[]): Set<string> {
  const scalars = new Set<string>();
  visitStatements(list, (s) => {
    if (s.kind === "declare" && !s.mutable && s.value.lanes === 1 && (s.value.type === "f32" || s.value.type === "f64"))
      scalars.add(s.name);
  });
  // Every mention of the name is visited, those inside a splat twice.
  const mentions = new Map<string, number>();
  const count = (name: string, by: number): void => void mentions.set(name, (mentions.get(name) ?? 0) + by);
  const splats = new Set<string>();
  visitExpressions(list, (e) => {
    if (e.kind === "variable") count(e.name, 1);
    if (e.kind !== "splat" || e.operand.kind !== "variable") return;
    count(e.operand.name, -1);
    splats.add(e.operand.name);
  });
  return new Set([...scalars].filter((name) => splats.has(name) && mentions.get(name) === 0));
}

class KernelWriter {
  readonly #kernel: Kernel;
  readonly #code: CodeWriter;
  readonly #variables = new Map<string, number>();
  readonly #bases: Map<string, number>;
  readonly #vectorConstants = new Map<string, number>();
  readonly #broadcasts: ReadonlySet<string>;
  readonly #addresses: AddressWriter;
  readonly #expressions: ExpressionWriter;

  constructor(kernel: Kernel, code: CodeWriter, facts: Facts, options: PrintOptions) {
    this.#kernel = kernel;
    this.#code = code;
    this.#broadcasts = broadcastVariables([...kernel.prologue, ...kernel.body]);
    this.#bases = new Map(kernel.buffers.map((b, i) => [b.name, i]));
    this.#addresses = new AddressWriter(
      code,
      facts,
      (buffer) => this.#base(buffer),
      (e) => this.#expressions.write(e),
    );
    this.#expressions = new ExpressionWriter({
      code,
      relaxed: options.relaxed,
      variable: (name) => this.#local(name),
      isBroadcast: (name) => this.#broadcasts.has(name),
      vectorConstant: (e) => this.#vectorConstants.get(constantKey(e)),
      address: (buffer, index) => this.#addresses.address(buffer, index),
    });
  }

  #base(buffer: Buffer): number {
    const base = this.#bases.get(buffer.name);
    if (base === undefined) throw new InternalError(`${this.#kernel.name}: buffer ${buffer.name} is not declared`);
    return base;
  }

  #local(name: string): number {
    const local = this.#variables.get(name);
    if (local === undefined) throw new InternalError(`${this.#kernel.name}: variable ${name} is used outside its block`);
    return local;
  }

  /** Vector constants are built from 16 bytes of immediates; once, at the head of the function, instead of in every turn. */
  #hoistConstants(list: readonly Statement[]): void {
    visitExpressions(list, (e) => {
      if (e.kind !== "constant" || e.lanes === 1 || Object.is(e.value, 0)) return;
      const key = constantKey(e);
      if (this.#vectorConstants.has(key)) return;
      const local = this.#code.local("v128");
      this.#code.v128(vectorBytes(e.type, e.value));
      this.#code.set(local);
      this.#vectorConstants.set(key, local);
    });
  }

  #declare(name: string, type: ValueType): number {
    const local = this.#code.local(type);
    this.#variables.set(name, local);
    return local;
  }

  /** A block gives its locals back when it ends. */
  #block(list: readonly Statement[]): void {
    const names: string[] = [];
    for (const s of list) {
      this.#statement(s);
      if (s.kind === "declare") names.push(s.name);
    }
    for (const name of names) {
      this.#code.release(this.#local(name));
      this.#variables.delete(name);
    }
  }

  #statement(s: Statement): void {
    switch (s.kind) {
      case "declare":
        if (this.#broadcasts.has(s.name)) {
          this.#expressions.broadcast(s.value);
          return this.#code.set(this.#declare(s.name, "v128"));
        }
        this.#expressions.write(s.value);
        return this.#code.set(this.#declare(s.name, valueTypeOf(s.value.type, s.value.lanes)));
      case "assign":
        this.#expressions.write(s.value);
        return this.#code.set(this.#local(s.name));
      case "store":
        return this.#expressions.store(s.buffer, s.index, s.value);
      case "prefetch":
        return;
      case "for":
        return this.#for(s);
      case "if":
        this.#expressions.write(s.condition);
        this.#code.if();
        this.#block(s.then);
        if (s.otherwise.length > 0) {
          this.#code.else();
          this.#block(s.otherwise);
        }
        return this.#code.end();
    }
  }

  #for(s: Statement & { kind: "for" }): void {
    const i = this.#code.local("i32");
    this.#expressions.write(s.from);
    this.#code.set(i);
    this.#variables.set(s.variable, i);
    const certain = s.from.kind === "constant" && s.to.kind === "constant" && s.from.value < s.to.value;
    this.#loop(s.variable, s.step, s.body, certain, () => this.#expressions.write(s.to));
    this.#variables.delete(s.variable);
    this.#code.release(i);
  }

  /**
   * The loop over a variable that is already set; tested at the bottom, and at the head unless the first turn is `certain`.
   *
   * An innermost loop is entered under a condition even then, one that V8 cannot know to hold (the kernel's `end` is
   * not 0): so the values that leave the loop merge with those from before it. TurboFan places an instruction by its
   * uses; sums whose only uses are such merges stay behind the loads that feed them, others are moved behind all
   * loads of the turn, and registers are spilled (V8 11.3: contractions at 96 instead of 76 % of the peak).
   */
  #loop(variable: string, step: number, body: readonly Statement[], certain: boolean, writeEnd: () => void): void {
    const i = this.#local(variable);
    const innermost = !body.some((inner) => inner.kind === "for");
    if (!certain) {
      this.#code.get(i);
      writeEnd();
      this.#code.op("i32.lt");
      this.#code.if();
    } else if (innermost) {
      this.#code.get(this.#kernel.buffers.length + 1);
      this.#code.if();
    }
    this.#addresses.enter(variable, step, body);
    this.#code.loop();
    this.#block(body);
    this.#addresses.advance();
    this.#code.get(i);
    this.#code.i32(step);
    this.#code.op("i32.add");
    this.#code.tee(i);
    writeEnd();
    this.#code.op("i32.lt");
    this.#code.branchIf(0);
    this.#code.end();
    this.#addresses.leave();
    if (!certain || innermost) this.#code.end();
  }

  write(): void {
    const { buffers, prologue, body, variable } = this.#kernel;
    this.#hoistConstants(prologue);
    this.#hoistConstants(body);
    for (const s of prologue) this.#statement(s);
    // The loop counts in the parameter `begin` itself.
    this.#variables.set(variable, buffers.length);
    this.#loop(variable, 1, body, false, () => this.#code.get(buffers.length + 1));
  }
}

/**
 * The kernel as a WebAssembly function (byte offset of each buffer: i32, begin: i32, end: i32), made for kernels with
 * vectors of 128 bits (4 lanes of f32 or i32, 2 of f64). Buffers begin at `firstBufferByte` or above.
 * Function indices 0, 1, 2 are the imported exp, log and tanh of f64.
 */
export function printWasm(kernel: Kernel, options: PrintOptions): WasmFunction {
  const parameters: ValueType[] = [...kernel.buffers.map((): ValueType => "i32"), "i32", "i32"];
  const code = new CodeWriter(parameters);
  new KernelWriter(kernel, code, gatherFacts(kernel), options).write();
  return { parameters, results: [], body: code.finish() };
}
