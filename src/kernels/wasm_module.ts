import { invariant } from "../base/errors.js";
import { elementBytes, type Kernel } from "./language.js";
import type { Offset } from "./program.js";
import { printWasm } from "./wasm.js";
import { firstBufferByte } from "./wasm_address.js";
import { CodeWriter, type MemoryLimits, ModuleWriter } from "./wasm_assembler.js";
import { addBarrier } from "./wasm_barrier.js";
import { importedFunctions } from "./wasm_expression.js";
import type { ValueType } from "./wasm_opcodes.js";

/** A call of a kernel; what is left out is the whole extent, shared by all threads. */
export interface WasmCall {
  readonly kind: "call";
  /** Index into the kernels of the module. */
  readonly kernel: number;
  /** Byte offset of each buffer, counted from the origin. */
  readonly offsets: readonly Offset[];
  readonly begin?: number;
  readonly end?: number;
  /** Only thread 0 runs it. */
  readonly sequential?: boolean;
  /** The next instruction needs nothing that this one writes and spoils nothing that it reads: threads need not meet in between. */
  readonly independent?: boolean;
}

/** A step of the program that `run` carries out; the instructions of program.ts are some of them. */
export type WasmInstruction =
  | WasmCall
  | { readonly kind: "loop"; readonly count: number; readonly reverse?: boolean; readonly body: readonly WasmInstruction[] }
  | {
      readonly kind: "batch";
      readonly groups: number;
      readonly parts: number;
      readonly first: readonly WasmInstruction[];
      readonly body: readonly WasmInstruction[];
    };

export interface AssembleOptions {
  /** Relaxed SIMD (wasm_features.ts). */
  readonly relaxed: boolean;
  /** Memory to import as "env" "memory". Shared memory makes `run` divide its calls among threads. */
  readonly memory: MemoryLimits;
  /** Byte of the memory from which the offsets of calls are counted, a multiple of 8 from `firstBufferByte` on; what lies before is reserved. */
  readonly origin: number;
  /** Bytes of each thread's own memory (Offset.own); default none. */
  readonly ownBytes?: number;
  /** Turns that a waiting thread spins before it sleeps; default 75000 (about 50 microseconds, which waking a thread takes, too). */
  readonly spins?: number;
}

/** Calls in one function of the program: V8 optimizes, and waits for, whole functions. */
const callsPerFunction = 200;

function checkCall(call: WasmCall, kernels: readonly Kernel[], depth: number, origin: number): Kernel {
  const kernel = kernels[call.kernel];
  invariant(kernel, `call of kernel ${call.kernel} of ${kernels.length}`);
  invariant(
    call.offsets.length === kernel.buffers.length,
    `${kernel.name} takes ${kernel.buffers.length} buffers, got ${call.offsets.length}`,
  );
  for (const [i, buffer] of kernel.buffers.entries()) {
    const { base, strides } = call.offsets[i] as Offset;
    const bytes = elementBytes[buffer.element];
    const aligned = [base, ...strides].every((n) => Number.isSafeInteger(n) && n % bytes === 0);
    invariant(aligned, `${kernel.name}: offsets of ${buffer.name} are not multiples of ${bytes} bytes`);
    invariant(base >= 0 && origin + base < 2 ** 32, `${kernel.name}: ${buffer.name} lies at byte ${base}`);
    invariant(strides.length <= depth, `${kernel.name}: ${strides.length} strides inside ${depth} loops`);
  }
  const begin = call.begin ?? 0;
  const end = call.end ?? kernel.extent;
  invariant(begin >= 0 && begin <= end && end <= kernel.extent, `${kernel.name}: [${begin}, ${end}) of ${kernel.extent}`);
  return kernel;
}

class ProgramWriter {
  readonly #module: ModuleWriter;
  readonly #kernels: readonly Kernel[];
  readonly #options: AssembleOptions;
  readonly #functions: readonly number[];
  readonly #share: number;
  readonly #barrier: number;

  constructor(module: ModuleWriter, kernels: readonly Kernel[], functions: readonly number[], options: AssembleOptions) {
    this.#module = module;
    this.#kernels = kernels;
    this.#functions = functions;
    this.#options = options;
    this.#share = addShare(module);
    this.#barrier = options.memory.shared ? addBarrier(module, options.spins ?? 75_000) : -1;
  }

  /** Index of a function (thread, threads, counters of the enclosing loops...) that runs the list. */
  functionOf(list: readonly WasmInstruction[], depth: number, alone = false): number {
    const parameters: ValueType[] = Array.from({ length: 2 + depth }, () => "i32");
    const code = new CodeWriter(parameters);
    this.#list(
      code,
      list,
      Array.from({ length: depth }, (_, i) => 2 + i),
      alone,
    );
    return this.#module.add({ parameters, results: [], body: code.finish() });
  }

  /** Index of run(thread, threads). */
  run(list: readonly WasmInstruction[]): number {
    const program = this.functionOf(list, 0);
    if (!this.#options.memory.shared || !hasIndependent(list)) return program;
    const parameters: ValueType[] = ["i32", "i32"];
    const code = new CodeWriter(parameters);
    code.get(0);
    code.get(1);
    code.call(program);
    code.get(1);
    code.call(this.#barrier);
    return this.#module.add({ parameters, results: [], body: code.finish() });
  }

  /**
   * @param counters locals of the enclosing loops' counters, outermost first
   * @param alone whether one thread runs the list, so that calls are neither shared nor waited for
   */
  #list(code: CodeWriter, list: readonly WasmInstruction[], counters: readonly number[], alone: boolean): void {
    if (list.length <= 1 || weigh(list) <= callsPerFunction) {
      for (const instruction of list) {
        if (instruction.kind === "call") this.#call(code, instruction, counters, alone);
        else if (instruction.kind === "batch") this.#batch(code, instruction, counters);
        else if (instruction.count > 0) this.#loop(code, instruction, counters, alone);
      }
      return;
    }
    for (const part of divide(list)) {
      const index = this.functionOf(part, counters.length, alone);
      for (const local of [0, 1, ...counters]) code.get(local);
      code.call(index);
    }
  }

  /** Threads share the groups; each group is one thread's. */
  #batch(code: CodeWriter, loop: WasmInstruction & { kind: "batch" }, counters: readonly number[]): void {
    const { groups, parts, first, body } = loop;
    const { shared } = this.#options.memory;
    const group = code.local("i32");
    const end = code.local("i32");
    if (shared) this.#shareOf(code, 0, groups, 0);
    else code.i32(0);
    code.set(group);
    if (shared) this.#shareOf(code, 0, groups, 1);
    else code.i32(groups);
    code.set(end);
    this.#while(code, group, end, () => {
      this.#list(code, first, [...counters, group], true);
      const part = code.local("i32");
      const endPart = code.local("i32");
      for (const next of [0, 1]) {
        code.get(group);
        code.i32(next);
        code.op("i32.add");
        code.i32(parts);
        code.op("i32.mul");
        code.i32(groups);
        code.op("i32.div");
        code.set(next === 0 ? part : endPart);
      }
      this.#while(code, part, endPart, () => this.#list(code, body, [...counters, group, part], true));
      code.release(part);
      code.release(endPart);
    });
    code.release(group);
    code.release(end);
    if (!shared) return;
    code.get(1);
    code.call(this.#barrier);
  }

  /** Repeats `body` while the counter is below the end, counting it up. */
  #while(code: CodeWriter, counter: number, end: number, body: () => void): void {
    const unfinished = (): void => {
      code.get(counter);
      code.get(end);
      code.op("i32.lt");
    };
    unfinished();
    code.if();
    code.loop();
    body();
    code.get(counter);
    code.i32(1);
    code.op("i32.add");
    code.set(counter);
    unfinished();
    code.branchIf(0);
    code.end();
    code.end();
  }

  #loop(code: CodeWriter, loop: WasmInstruction & { kind: "loop" }, counters: readonly number[], alone: boolean): void {
    invariant(Number.isInteger(loop.count) && loop.count < 2 ** 31, `a loop of ${loop.count} turns`);
    const t = code.local("i32");
    code.i32(loop.reverse ? loop.count - 1 : 0);
    code.set(t);
    code.loop();
    this.#list(code, loop.body, [...counters, t], alone);
    code.get(t);
    code.i32(loop.reverse ? -1 : 1);
    code.op("i32.add");
    code.tee(t);
    code.i32(loop.reverse ? 0 : loop.count);
    code.op(loop.reverse ? "i32.ge" : "i32.lt");
    code.branchIf(0);
    code.end();
    code.release(t);
  }

  #call(code: CodeWriter, call: WasmCall, counters: readonly number[], alone: boolean): void {
    const kernel = checkCall(call, this.#kernels, counters.length, this.#options.origin);
    const shared = this.#options.memory.shared && !alone;
    const begin = call.begin ?? 0;
    const end = call.end ?? kernel.extent;
    if (shared && call.sequential) {
      code.get(0);
      code.op("i32.eqz");
      code.if();
    }
    for (const offset of call.offsets) this.#offset(code, offset, counters);
    if (shared && !call.sequential) {
      this.#shareOf(code, begin, end - begin, 0);
      this.#shareOf(code, begin, end - begin, 1);
    } else {
      code.i32(begin);
      code.i32(end);
    }
    code.call(this.#functions[call.kernel] as number);
    if (shared && call.sequential) code.end();
    if (shared && !call.independent) {
      code.get(1);
      code.call(this.#barrier);
    }
  }

  #offset(code: CodeWriter, { base, strides, own }: Offset, counters: readonly number[]): void {
    code.i32(this.#options.origin + base);
    if (own && this.#options.memory.shared && (this.#options.ownBytes ?? 0) > 0) {
      code.get(0);
      code.i32(this.#options.ownBytes ?? 0);
      code.op("i32.mul");
      code.op("i32.add");
    }
    for (const [depth, stride] of strides.entries()) {
      if (stride === 0) continue;
      code.get(counters[depth] as number);
      code.i32(stride);
      code.op("i32.mul");
      code.op("i32.add");
    }
  }

  /** begin + floor(length x (thread + next) / threads). */
  #shareOf(code: CodeWriter, begin: number, length: number, next: 0 | 1): void {
    code.i32(begin);
    code.i32(length);
    code.get(0);
    if (next === 1) {
      code.i32(1);
      code.op("i32.add");
    }
    code.get(1);
    code.call(this.#share);
    code.op("i32.add");
  }
}

/** Function (length, part, parts) = floor(length x part / parts), exact for all 32-bit values. */
function addShare(module: ModuleWriter): number {
  const code = new CodeWriter(["i32", "i32", "i32"]);
  code.get(0);
  code.op("i64.extend_i32_u");
  code.get(1);
  code.op("i64.extend_i32_u");
  code.op("i64.mul");
  code.get(2);
  code.op("i64.extend_i32_u");
  code.op("i64.div_u");
  code.op("i32.wrap_i64");
  return module.add({ parameters: ["i32", "i32", "i32"], results: ["i32"], body: code.finish() });
}

/** Whether the last call of the program may not be followed by a meeting of the threads. */
function hasIndependent(list: readonly WasmInstruction[]): boolean {
  return list.some((instruction) =>
    instruction.kind === "call" ? instruction.independent === true : hasIndependent(instruction.body),
  );
}

/** Number of calls in the list. */
function weigh(list: readonly WasmInstruction[]): number {
  const weightOf = (instruction: WasmInstruction): number => {
    if (instruction.kind === "call") return 1;
    return weigh(instruction.body) + (instruction.kind === "batch" ? weigh(instruction.first) : 0);
  };
  return list.reduce((sum, instruction) => sum + weightOf(instruction), 0);
}

/** Consecutive parts, at most `callsPerFunction` of them, as even as may be. */
function divide(list: readonly WasmInstruction[]): WasmInstruction[][] {
  const target = Math.max(callsPerFunction, Math.ceil(weigh(list) / callsPerFunction));
  const parts: WasmInstruction[][] = [];
  let weight = Number.POSITIVE_INFINITY;
  for (const instruction of list) {
    const own = weigh([instruction]);
    if (weight + own > target) {
      parts.push([]);
      weight = 0;
    }
    (parts.at(-1) as WasmInstruction[]).push(instruction);
    weight += own;
  }
  return parts;
}

/** Name under which the module exports the kernel with this index. */
export function kernelExport(index: number): string {
  return `kernel${index}`;
}

/**
 * One module with all kernels and the program. It imports "env" "memory" and, with `moduleImports`, the elementary
 * functions; it exports each kernel (kernelExport) as (byte address of each buffer, begin, end) and
 * `run(thread, threads)`. With shared memory every thread 0..threads-1 calls `run` on its own instance at the same
 * time, and the calls return when all is done; otherwise `run(0, 1)` does everything.
 */
export function assembleModule(
  kernels: readonly Kernel[],
  instructions: readonly WasmInstruction[],
  options: AssembleOptions,
): Uint8Array<ArrayBuffer> {
  const { origin } = options;
  invariant(
    Number.isInteger(origin) && origin >= firstBufferByte && origin % 8 === 0,
    `buffers begin at a multiple of 8 bytes from ${firstBufferByte} on, not at ${origin}`,
  );
  const module = new ModuleWriter();
  for (const name of importedFunctions) module.importFunction("math", name, ["f64"], ["f64"]);
  module.importMemory("env", "memory", options.memory);
  const functions = kernels.map((kernel) => module.add(printWasm(kernel, options)));
  for (const [i, index] of functions.entries()) module.export(kernelExport(i), index);
  module.export("run", new ProgramWriter(module, kernels, functions, options).run(instructions));
  return module.finish();
}

/** The import object of assembled modules. */
export function moduleImports(memory: WebAssembly.Memory): WebAssembly.Imports {
  return { env: { memory }, math: { exp: Math.exp, log: Math.log, tanh: Math.tanh } };
}
