import { type ExecFileSyncOptionsWithStringEncoding, execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../base/errors.js";
import { makeTemporaryFolder } from "../base/temporary_folder.js";
import { elementTypes, printC } from "../kernels/c.js";
import { cPrelude } from "../kernels/c_prelude.js";
import type { BatchLoop, Instruction, Program } from "../kernels/program.js";
import type { Backend } from "./backend.js";
import { kernelTimes, timedCalls } from "./kernel_times.js";
import type { Lowered } from "./lower.js";
import { isWhole, keepLibrary, libraryPath } from "./native_cache.js";
import { mostThreads, nativeRuntime } from "./native_runtime.js";
import type { TargetWidth } from "./target_width.js";

const run = promisify(execFile);
const flags = [
  "-march=native",
  "-std=gnu11",
  // Where a thread may run (native_runtime.ts).
  "-D_GNU_SOURCE",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-fPIC",
  "-w",
  "-pthread",
];
/** Of the kernels, and of the calls between them, in which there is nothing to find that is worth the time. */
const optimization = { kernels: "-O3", calls: "-O1" };
/** Kernels to a translation unit, and how many units there are at most where kernels are many: what all begin with takes its time, too. Two are compiled at a time. */
const units = { leastKernels: 12, most: 10 };

export interface NativeCompiler extends TargetWidth {
  readonly command: string;
  /** Compiler version and CPU features, part of every cache key. */
  readonly identity: string;
}

let known: NativeCompiler | null | undefined;

/** The C compiler of this machine and the width of its vectors; undefined where there is none. EARSHOT_CC names another one, "none" turns it off. */
export function nativeCompiler(): NativeCompiler | undefined {
  if (known === undefined) known = probe();
  return known ?? undefined;
}

function probe(): NativeCompiler | null {
  const command = process.env.EARSHOT_CC ?? "cc";
  if (command === "none") return null;
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      encoding: "utf8",
      input: "",
      stdio: ["pipe", "pipe", "ignore"],
      timeout: 20_000,
    };
    const macros = execFileSync(command, ["-march=native", "-dM", "-E", "-x", "c", "-"], options);
    const version = execFileSync(command, ["--version"], options).split("\n")[0] ?? "";
    const has = (name: string): boolean => macros.includes(`#define ${name} `);
    const identity = createHash("sha256").update(version).update(macros).digest("hex").slice(0, 16);
    if (has("__AVX512F__")) return { command, identity, lanes: 16, registers: 32 };
    if (has("__AVX2__")) return { command, identity, lanes: 8, registers: 16 };
    return { command, identity, lanes: 4, registers: has("__aarch64__") ? 32 : 16 };
  } catch {
    return null;
  }
}

function signature(program: Program, i: number): string {
  const { buffers } = program.kernels[i]!;
  return `void k${i}(${[...buffers.map((b) => `${b.written ? "" : "const "}${elementTypes[b.element]} *`), "int32_t", "int32_t"].join(", ")})`;
}

/** A loop over a batch: threads share its groups, and run the calls in it alone. */
function printBatchLoop(loop: BatchLoop, program: Program, depth: number, out: string[], timed: boolean): void {
  const indent = "  ".repeat(depth + 1);
  const { groups, parts } = loop;
  const group = `t${depth}`;
  const part = `t${depth + 1}`;
  out.push(`${indent}for (int64_t ${group} = PART(${groups}, thread); ${group} < PART(${groups}, thread + 1); ${group}++) {`);
  printCalls(loop.first, program, depth + 1, out, timed, "ALONE");
  const bound = (of: string): string => `${parts} * ${of} / ${groups}`;
  out.push(`${indent}  for (int64_t ${part} = ${bound(group)}; ${part} < ${bound(`(${group} + 1)`)}; ${part}++) {`);
  printCalls(loop.body, program, depth + 2, out, timed, "ALONE");
  out.push(`${indent}  }`, `${indent}}`, `${indent}MEET;`);
}

function printCalls(
  instructions: readonly Instruction[],
  program: Program,
  depth: number,
  out: string[],
  timed: boolean,
  how: "SHARE" | "ALONE" = "SHARE",
): void {
  const indent = "  ".repeat(depth + 1);
  for (const instruction of instructions) {
    if (instruction.kind === "batch") {
      printBatchLoop(instruction, program, depth, out, timed);
      continue;
    }
    if (instruction.kind === "loop") {
      const t = `t${depth}`;
      const { count } = instruction;
      out.push(`${indent}for (int32_t ${t}_ = 0; ${t}_ < ${count}; ${t}_++) {`);
      out.push(`${indent}  int64_t ${t} = ${instruction.reverse ? `${count - 1} - ${t}_` : `${t}_`};`);
      printCalls(instruction.body, program, depth + 1, out, timed, how);
      out.push(`${indent}}`);
      continue;
    }
    const kernel = program.kernels[instruction.kernel]!;
    const pointers = instruction.offsets.map((o) => {
      const terms = [`${o.own ? "own" : "m"} + ${o.base}`, ...o.strides.flatMap((s, d) => (s === 0 ? [] : [`${s} * t${d}`]))];
      return `(void *)(${terms.join(" + ")})`;
    });
    const isShared = how === "SHARE";
    const who = isShared && instruction.sequential ? "FIRST" : how;
    const call = `${who}(${kernel.extent}, k${instruction.kernel}(${[...pointers, "begin", "end"].join(", ")}))`;
    const whole = isShared && !instruction.independent ? `${call}; MEET` : call;
    out.push(`${indent}${timed ? `TIMED(${instruction.kernel}, ${whole})` : whole};`);
  }
}

interface NativeOptions {
  /** With a clock around every call. */
  readonly timed?: boolean;
  /** Numbers too small for the full precision of their type are zeros. */
  readonly flushes?: boolean;
}

function mainUnit(program: Program, { timed = false, flushes = false }: NativeOptions): string {
  const out = ["#include <stdint.h>", `#define FLUSHES ${flushes ? 1 : 0}`];
  program.kernels.forEach((_, i) => out.push(`extern __attribute__((visibility("hidden"))) ${signature(program, i)};`));
  out.push(nativeRuntime);
  if (timed) out.push(timedCalls(program.kernels.length));
  out.push("static void step(char *m, int32_t thread, int32_t threads) {");
  out.push(`  char *own = m + (int64_t)${program.ownBytes} * thread;`);
  printCalls(program.instructions, program, 0, out, timed);
  out.push("}");
  return out.join("\n");
}

function kernelUnits(program: Program, lanes: number): string[] {
  const count = Math.min(units.most, Math.ceil(program.kernels.length / units.leastKernels));
  const texts = Array.from({ length: count }, () => [cPrelude(lanes)]);
  // Kernels of one kind stand together: dealt out one by one, every unit has as much of each.
  program.kernels.forEach((kernel, i) => {
    const text = printC(kernel, `k${i}`).replace(/^static void/, '__attribute__((visibility("hidden"))) void');
    texts[i % count]!.push(text);
  });
  return texts.map((list) => list.join("\n"));
}

interface Unit {
  readonly text: string;
  readonly flag: string;
}

async function buildLibrary(compiler: NativeCompiler, list: readonly Unit[], library: string): Promise<void> {
  const work = makeTemporaryFolder("cc");
  try {
    const queue = list.map((unit, i) => ({ ...unit, source: join(work, `u${i}.c`), object: join(work, `u${i}.o`) }));
    const objects = queue.map((q) => q.object);
    const worker = async (): Promise<void> => {
      for (let job = queue.shift(); job; job = queue.shift()) {
        writeFileSync(job.source, job.text);
        await run(compiler.command, [job.flag, ...flags, "-c", job.source, "-o", job.object], { maxBuffer: 1 << 24 });
      }
    };
    await Promise.all([worker(), worker()]);
    const partial = join(work, "program.so");
    await run(compiler.command, ["-shared", "-pthread", "-o", partial, ...objects, "-lm"], { maxBuffer: 1 << 24 });
    keepLibrary(readFileSync(partial), library);
  } catch (error) {
    throw new UserError(
      `${compiler.command} could not compile the program: ${String((error as Error).message).slice(0, 2000)}; use --target wasm`,
      {
        cause: error,
      },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Koffi {
  load(path: string): { func(prototype: string): (...args: unknown[]) => unknown; unload(): void };
}

/** Compiles with the machine's C compiler (or takes the library from the cache) and loads it. */
export async function compileNative(lowered: Lowered, threads: number, options: NativeOptions = {}): Promise<Backend> {
  const { timed = false } = options;
  const compiler = nativeCompiler();
  if (!compiler) throw new UserError("no C compiler answers on this machine; use --target wasm");
  const kernels = kernelUnits(lowered.program, compiler.lanes).map((text) => ({ text, flag: optimization.kernels }));
  const list = [{ text: mainUnit(lowered.program, options), flag: optimization.calls }, ...kernels];
  const hash = createHash("sha256").update(compiler.identity).update(flags.join(" "));
  for (const { text, flag } of list) hash.update(flag).update(text);
  const library = libraryPath(hash.digest("hex").slice(0, 32));
  const cached = isWhole(library);
  if (!cached) await buildLibrary(compiler, list, library);
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const loaded = koffi.load(library);
  // Large allocations are aligned to 16 bytes at least; the program moves its origin to a cache line, and kernels may read up
  // to one more behind the last tensor.
  const seats = Math.min(Math.max(threads, 1), mostThreads);
  const memory = new SharedArrayBuffer(lowered.bytes + (seats - 1) * lowered.program.ownBytes + 128);
  const bytes = new Uint8Array(memory);
  loaded.func("void earshot_advise(void *m, int64_t bytes)")(bytes, bytes.length);
  const misaligned = loaded.func("int32_t earshot_misaligned(void *m)") as (m: Uint8Array) => number;
  const origin = (64 - misaligned(bytes)) % 64;
  const pool = loaded.func("void *earshot_open(int32_t threads)")(seats);
  const step = loaded.func("void earshot_run(void *pool, void *m)") as (pool: unknown, m: Uint8Array) => void;
  const view = bytes.subarray(origin);
  let open = true;
  const seconds = timed ? loaded.func("double earshot_seconds(int32_t kernel)") : undefined;
  const calls = timed ? loaded.func("double earshot_calls(int32_t kernel)") : undefined;
  return {
    memory,
    origin,
    threads: seats,
    cached,
    run: () => step(pool, view),
    times: () =>
      seconds && calls
        ? kernelTimes(lowered.program, (i) => ({ calls: calls(i) as number, milliseconds: 1000 * (seconds(i) as number) }))
        : [],
    close: () => {
      if (open) loaded.func("void earshot_close(void *pool)")(pool);
      open = false;
    },
  };
}
