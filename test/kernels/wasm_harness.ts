import type { Kernel } from "../../src/kernels/language.js";
import { firstBufferByte } from "../../src/kernels/wasm_address.js";
import { wasmFeatures } from "../../src/kernels/wasm_features.js";
import { assembleModule, kernelExport, moduleImports } from "../../src/kernels/wasm_module.js";
import { fillValues, layOut, runWith, type TypedArray } from "./kernel_runner.js";

/** Settings that this engine can run; relaxed SIMD is left out where it is missing. */
export const relaxedSettings = wasmFeatures().relaxed ? [false, true] : [false];

/** Instantiates one kernel over a new memory that has just enough pages. */
export function compileWasm(
  kernel: Kernel,
  bytes: number,
  relaxed: boolean,
): { memory: ArrayBuffer; run: (...parameters: number[]) => void } {
  const pages = Math.ceil((firstBufferByte + bytes) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages });
  const module = assembleModule([kernel], [], {
    relaxed,
    memory: { initialPages: pages, shared: false },
    origin: firstBufferByte,
  });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), moduleImports(memory));
  return { memory: memory.buffer, run: instance.exports[kernelExport(0)] as (...parameters: number[]) => void };
}

/** What the kernel, printed as WebAssembly, makes of the filled buffers; `cuts` divide its extent into calls. */
export function runWasm(
  kernel: Kernel,
  length: number,
  relaxed: boolean,
  fill = fillValues,
  cuts: readonly number[] = [],
): TypedArray[] {
  const { memory, run } = compileWasm(kernel, layOut(kernel, length).bytes, relaxed);
  const bounds = [0, ...cuts, kernel.extent];
  return runWith(
    kernel,
    length,
    memory,
    firstBufferByte,
    (offsets) => {
      for (let i = 1; i < bounds.length; i++)
        run(...offsets.map((o) => firstBufferByte + o), bounds[i - 1] as number, bounds[i] as number);
    },
    fill,
  );
}
