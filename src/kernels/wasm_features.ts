import { CodeWriter, ModuleWriter } from "./wasm_assembler.js";

/** What the WebAssembly engine of this process can run. */
export interface WasmFeatures {
  /** Vectors of 128 bits; without them no kernel runs. */
  readonly simd: boolean;
  /** Relaxed SIMD, final opcodes: fused multiply-add. */
  readonly relaxed: boolean;
  /** Shared memory and atomic instructions. */
  readonly threads: boolean;
}

function validates(fill: (code: CodeWriter) => void, shared = false): boolean {
  const module = new ModuleWriter();
  module.importMemory("env", "memory", { initialPages: 1, maximumPages: 1, shared });
  const code = new CodeWriter([]);
  fill(code);
  module.add({ parameters: [], results: [], body: code.finish() });
  return WebAssembly.validate(module.finish());
}

function hasRelaxed(): boolean {
  return validates((code) => {
    for (let i = 0; i < 3; i++) code.v128(new Uint8Array(16));
    code.op("f32x4.relaxed_madd");
    code.op("drop");
  });
}

/** Node 20 knows relaxed SIMD but keeps it behind a flag, which has to be set before a module is compiled. */
function allowRelaxed(): boolean {
  const builtin = globalThis.process?.getBuiltinModule;
  if (!builtin) return false;
  builtin("node:v8").setFlagsFromString("--experimental-wasm-relaxed-simd");
  return hasRelaxed();
}

/**
 * Keeps TurboFan from unrolling loops: it would put the loads of the first copies before all arithmetic and spill
 * registers (see the loops of wasm.ts). The flag is known from V8 9 on; later compilers keep the order of the code.
 */
function keepLoops(): void {
  const builtin = globalThis.process?.getBuiltinModule;
  const major = Number(globalThis.process?.versions.v8?.split(".")[0]);
  if (builtin && major <= 12) builtin("node:v8").setFlagsFromString("--no-wasm-loop-unrolling");
}

let known: WasmFeatures | undefined;

/**
 * Probes the engine, once a thread. On Node 20 this sets V8's flags for relaxed SIMD and for loops, of the whole process:
 * it is called before a module is compiled.
 */
export function wasmFeatures(): WasmFeatures {
  if (known) return known;
  keepLoops();
  known = {
    simd: validates((code) => {
      code.v128(new Uint8Array(16));
      code.op("drop");
    }),
    relaxed: hasRelaxed() || allowRelaxed(),
    threads: validates((code) => {
      code.i32(0);
      code.memory("i32.atomic.load", 0, 2);
      code.op("drop");
    }, true),
  };
  return known;
}
