import { InternalError, UserError } from "../base/errors.js";
import { type Graph, sizeOf, type TensorType } from "../graph/types.js";
import { fuseProducts } from "../passes/fuse_products.js";
import type { Backend } from "./backend.js";
import { flushLoops } from "./flush_loops.js";
import { compileJavaScript } from "./javascript_target.js";
import type { KernelTime } from "./kernel_times.js";
import { type Binding, type Lowered, lowerGraph } from "./lower.js";
import { printPlan } from "./memory.js";
import { compileNative, nativeCompiler } from "./native_target.js";
import type { CompiledProgram, TargetName, TensorData } from "./program.js";
import type { TargetWidth } from "./target_width.js";
import { compileTimedWasm, compileWasm } from "./wasm_target.js";

export interface CompileOptions {
  /** "auto": native where a C compiler works, else wasm. */
  readonly target?: TargetName | "auto";
  /** Threads of the native and the wasm target; the results do not depend on them. */
  readonly threads?: number;
  /** Times every kernel (`kernelTimes`), which costs a little; the wasm target then runs on one thread. Not on the oracle. */
  readonly profile?: boolean;
  /**
   * Numbers nearer to zero than 2^-110 may be zeros. Processors take a hundred times as long with those below 2^-126 (TensorFlow makes
   * zeros of these, too): training wants it. The native target and WebAssembly then do so.
   */
  readonly flushesUnderflow?: boolean;
  /** Receives the memory plan as text. */
  readonly onPlan?: (plan: string) => void;
}

function viewOf(memory: ArrayBufferLike, origin: number, { type, offset }: Binding): TensorData {
  const at = origin + offset;
  const size = sizeOf(type.shape);
  switch (type.dtype) {
    case "f32":
      return new Float32Array(memory, at, size);
    case "f64":
      return new Float64Array(memory, at, size);
    case "i32":
      return new Int32Array(memory, at, size);
    case "i16":
      return new Int16Array(memory, at, size);
    case "i8":
      return new Int8Array(memory, at, size);
    case "u8":
      return new Uint8Array(memory, at, size);
  }
}

function oracle(lowered: Lowered): Backend {
  const memory = new ArrayBuffer(lowered.bytes);
  return { memory, origin: 0, threads: 1, run: compileJavaScript(lowered.program, memory), close: () => {}, cached: false };
}

async function backendOf(lowered: Lowered, target: TargetName, threads: number, options: CompileOptions): Promise<Backend> {
  const { profile = false, flushesUnderflow = false } = options;
  if (target === "oracle") return oracle(lowered);
  if (target === "wasm") {
    const made = flushesUnderflow ? { ...lowered, program: flushLoops(lowered.program) } : lowered;
    return profile ? compileTimedWasm(made) : compileWasm(made, threads);
  }
  return compileNative(lowered, threads, { timed: profile, flushes: flushesUnderflow });
}

/** The target that "auto" means on this machine. */
export function defaultTarget(): TargetName {
  return nativeCompiler() ? "native" : "wasm";
}

class Compiled implements CompiledProgram {
  readonly target: TargetName;
  readonly threads: number;
  readonly peakBytes: number;
  readonly names: readonly string[];
  readonly compileMilliseconds: number;
  readonly cached: boolean;
  readonly #backend: Backend;
  readonly #bindings: ReadonlyMap<string, Binding>;
  readonly #views = new Map<string, TensorData>();
  readonly #graph: string;
  #isOpen = true;

  constructor(graph: string, target: TargetName, lowered: Lowered, backend: Backend, milliseconds: number) {
    this.#graph = graph;
    this.target = target;
    this.threads = backend.threads;
    this.peakBytes = lowered.bytes + (backend.threads - 1) * lowered.program.ownBytes;
    this.names = [...lowered.bindings.keys()];
    this.#backend = backend;
    this.#bindings = lowered.bindings;
    this.compileMilliseconds = milliseconds;
    this.cached = backend.cached;
    for (const { offset, data } of lowered.constants)
      new Uint8Array(backend.memory, backend.origin + offset, data.byteLength).set(
        new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      );
  }

  #binding(name: string): Binding {
    const binding = this.#bindings.get(name);
    if (!binding) throw new InternalError(`program ${this.#graph} has no tensor "${name}"; it has ${this.names.join(", ")}`);
    return binding;
  }

  typeOf(name: string): TensorType {
    return this.#binding(name).type;
  }

  view(name: string): TensorData {
    let view = this.#views.get(name);
    if (!view) {
      view = viewOf(this.#backend.memory, this.#backend.origin, this.#binding(name));
      this.#views.set(name, view);
    }
    return view;
  }

  read(name: string): Float32Array {
    const view = this.view(name);
    if (!(view instanceof Float32Array)) throw new InternalError(`tensor "${name}" is not f32`);
    return view;
  }

  write(name: string, data: ArrayLike<number>): void {
    const view = this.view(name);
    if (view.length !== data.length)
      throw new InternalError(`tensor "${name}" has ${view.length} elements, ${data.length} were given`);
    view.set(data);
  }

  run(): void {
    // What native code works with is freed by then: it would wait for threads that are gone.
    if (!this.#isOpen) throw new UserError(`program ${this.#graph} is closed; open it again`);
    this.#backend.run();
  }

  kernelTimes(): readonly KernelTime[] {
    return this.#backend.times?.() ?? [];
  }

  close(): void {
    this.#isOpen = false;
    this.#backend.close();
  }
}

/** Bytes that a program of the graph will take on one thread. */
export function programBytes(graph: Graph, target: TargetName | "auto"): number {
  return lowerFor(graph, resolved(target), 1).bytes;
}

function resolved(target: TargetName | "auto" = "auto"): TargetName {
  return target === "auto" ? defaultTarget() : target;
}

function widthOf(target: TargetName): TargetWidth {
  const native = target === "native" ? nativeCompiler() : undefined;
  if (target === "native" && !native)
    throw new UserError("no C compiler answers on this machine: install gcc or clang, or use --target wasm");
  return native ?? (target === "wasm" ? { lanes: 4, registers: 16 } : { lanes: 1, registers: 16 });
}

/** In C, what stands behind a product is computed with it; V8 would not keep the sums of such a loop in registers. */
function lowerFor(graph: Graph, target: TargetName, threads: number): Lowered {
  return lowerGraph(target === "native" ? fuseProducts(graph) : graph, { ...widthOf(target), alone: threads <= 1 });
}

/**
 * Compiles a graph for a target.
 * @throws UserError where the native target is asked for on a machine without a C compiler
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<CompiledProgram> {
  const start = performance.now();
  const target = resolved(options.target);
  const threads = options.threads ?? 1;
  const lowered = lowerFor(graph, target, threads);
  options.onPlan?.(printPlan(lowered.storages));
  const backend = await backendOf(lowered, target, threads, options);
  return new Compiled(graph.name, target, lowered, backend, performance.now() - start);
}
