import { firstBufferByte } from "../kernels/wasm_address.js";
import { wasmFeatures } from "../kernels/wasm_features.js";
import { assembleModule, moduleImports } from "../kernels/wasm_module.js";
import type { Backend } from "./backend.js";
import { TimedWasm } from "./kernel_times.js";
import type { Lowered } from "./lower.js";
import { WasmTeam } from "./wasm_team.js";

const pageBytes = 65536;
/** First byte of a program's tensors; what lies below is reserved. */
const origin = firstBufferByte;

/** Whether this engine has memory that threads share. */
function canShare(): boolean {
  return typeof SharedArrayBuffer === "function" && wasmFeatures().threads;
}

async function open(lowered: Lowered, threads: number): Promise<Backend> {
  const { relaxed } = wasmFeatures();
  const { kernels, instructions, ownBytes } = lowered.program;
  const pages = Math.ceil((origin + lowered.bytes + (threads - 1) * ownBytes) / pageBytes) + 1;
  const shared = threads > 1;
  const memory = new WebAssembly.Memory(shared ? { initial: pages, maximum: pages, shared } : { initial: pages });
  const limits = shared ? { initialPages: pages, maximumPages: pages, shared } : { initialPages: pages, shared };
  const bytes = assembleModule(kernels, instructions, { relaxed, memory: limits, origin, ownBytes });
  const team = await WasmTeam.start(await WebAssembly.compile(bytes), memory, threads);
  return {
    memory: memory.buffer,
    origin,
    threads: team.threads,
    cached: false,
    run: () => team.run(),
    close: () => team.close(),
  };
}

/** Makes the program a WebAssembly module. Where threads cannot be had it runs on one: `threads` of the result tells. */
export async function compileWasm(lowered: Lowered, threads: number): Promise<Backend> {
  if (threads > 1 && canShare()) {
    try {
      return await open(lowered, threads);
    } catch (error) {
      if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) throw error;
      // No thread or no shared memory of that size is allowed here.
    }
  }
  return open(lowered, 1);
}

/** As `compileWasm` on one thread, with a clock around every call. */
export async function compileTimedWasm(lowered: Lowered): Promise<Backend> {
  const { relaxed } = wasmFeatures();
  const { kernels, instructions } = lowered.program;
  const pages = Math.ceil((origin + lowered.bytes) / pageBytes) + 1;
  const memory = new WebAssembly.Memory({ initial: pages });
  const limits = { initialPages: pages, shared: false };
  const bytes = assembleModule(kernels, instructions, { relaxed, memory: limits, origin });
  const { instance } = await WebAssembly.instantiate(bytes, moduleImports(memory));
  const timed = new TimedWasm(lowered.program, instance.exports, origin);
  const common = { memory: memory.buffer, origin, threads: 1, cached: false, close: () => {} };
  return { ...common, run: () => timed.run(), times: () => timed.times() };
}
