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

let known: WasmFeatures | undefined;

/**
 * Probes the engine, once a thread. On Node 20 this sets the V8 flag for relaxed SIMD, so a worker calls it, too,
 * before it compiles a module.
 */
export function wasmFeatures(): WasmFeatures {
  known ??= {
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
