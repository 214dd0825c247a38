import { compileNative } from "../../dist/engine/native_target.js";
import { WasmTeam } from "../../dist/engine/wasm_team.js";
import { KernelBuilder } from "../../dist/kernels/kernel_builder.js";
import { constant, fma } from "../../dist/kernels/language.js";
import { wasmFeatures } from "../../dist/kernels/wasm_features.js";
import { assembleModule } from "../../dist/kernels/wasm_module.js";

const turns = 1_000_000;
/** Enough that threads find all cores free in some of them. */
const runs = 101;
/** Byte of the WebAssembly memory from which buffers are counted. */
const origin = 65536;

/** `accumulators` independent vectors, each multiplied and added to in every turn; one share for each thread. */
function peakKernel(lanes, accumulators, threads) {
  const k = new KernelBuilder("peak");
  const x = k.buffer("x", "f32");
  const y = k.buffer("y", "f32", true);
  k.parallel(threads, (p) => {
    const factor = k.let(k.load(x, 0, lanes));
    const offset = k.let(k.load(x, lanes, lanes));
    const sums = Array.from({ length: accumulators }, (_, i) => k.mutable(constant("f32", i, lanes)));
    k.for(0, turns, 1, () => {
      for (const sum of sums) k.assign(sum, fma(sum, factor, offset));
    });
    const share = k.let({
      kind: "binary",
      type: "i32",
      lanes: 1,
      operator: "mul",
      left: p,
      right: constant("i32", accumulators * lanes),
    });
    sums.forEach((sum, i) =>
      k.store(y, { kind: "binary", type: "i32", lanes: 1, operator: "add", left: share, right: constant("i32", i * lanes) }, sum),
    );
  });
  return k.finish();
}

/** Buffers 0 (factors and offsets) and 1 (results) of the kernel, in one memory. */
function programOf(kernel, lanes) {
  const offsets = [0, 2 * lanes * 4].map((base) => ({ base, strides: [] }));
  return { kernels: [kernel], instructions: [{ kind: "call", kernel: 0, offsets }], ownBytes: 0 };
}

/** Best of several runs, in GFLOP/s: a peak is what the machine can do, not what it mostly does. */
function best(run, lanes, accumulators, threads) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return (2 * turns * lanes * accumulators * threads) / least / 1e6;
}

/** f32 multiply-adds of the machine's widest vectors on independent registers, GFLOP/s. */
export async function nativePeak(compiler, threads) {
  const { lanes, registers } = compiler;
  const accumulators = registers - 4;
  const program = programOf(peakKernel(lanes, accumulators, threads), lanes);
  const bytes = 4 * lanes * (2 + accumulators * threads);
  const native = await compileNative({ program, bytes, bindings: new Map(), constants: [], storages: [] }, threads);
  new Float32Array(native.memory, native.origin, 2 * lanes).fill(0.5);
  const result = best(native.run, lanes, accumulators, threads);
  native.close();
  return result;
}

/** The same in WebAssembly, on threads of the engine; without `relaxed` (one thread) a multiply-add is two instructions. */
export async function wasmPeak(threads, relaxed = wasmFeatures().relaxed) {
  const lanes = 4;
  const accumulators = 12;
  const { kernels, instructions } = programOf(peakKernel(lanes, accumulators, threads), lanes);
  const shared = threads > 1;
  const memory = new WebAssembly.Memory(shared ? { initial: 2, maximum: 2, shared } : { initial: 2 });
  const limits = shared ? { initialPages: 2, maximumPages: 2, shared } : { initialPages: 2, shared };
  const bytes = assembleModule(kernels, instructions, { relaxed, memory: limits, origin });
  const team = await WasmTeam.start(await WebAssembly.compile(bytes), memory, threads);
  new Float32Array(memory.buffer, origin, 2 * lanes).fill(0.5);
  const result = best(() => team.run(), lanes, accumulators, threads);
  team.close();
  return result;
}
