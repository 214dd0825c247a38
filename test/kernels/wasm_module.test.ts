import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { KernelBuilder } from "../../src/kernels/kernel_builder.js";
import { add, constant, type Kernel, mul, rem } from "../../src/kernels/language.js";
import { failedByte } from "../../src/kernels/wasm_barrier.js";
import { firstBufferByte } from "../../src/kernels/wasm_address.js";
import { assembleModule, moduleImports, type WasmInstruction } from "../../src/kernels/wasm_module.js";

const origin = firstBufferByte;

/** o[0] = o[0] x 3 + x[0]: shows which elements were read, and in which order. */
function recordKernel(): Kernel {
  const k = new KernelBuilder("record");
  const x = k.buffer("x", "i32");
  const o = k.buffer("o", "i32", true);
  k.parallel(1, () => k.store(o, 0, binaryRecord(k.load(o, 0), k.load(x, 0))));
  return k.finish();
}

function binaryRecord(so: ReturnType<typeof constant>, value: ReturnType<typeof constant>): ReturnType<typeof constant> {
  const tripled = { kind: "binary", type: "i32", lanes: 1, operator: "wrap_mul", left: so, right: constant("i32", 3) } as const;
  return { kind: "binary", type: "i32", lanes: 1, operator: "wrap_add", left: tripled, right: value };
}

/** o[i] = x[i] + x[(i + 1) mod n] for the whole ring: every thread needs what the others wrote. */
function ringKernel(n: number): Kernel {
  const k = new KernelBuilder("ring");
  const x = k.buffer("x", "i32");
  const o = k.buffer("o", "i32", true);
  k.parallel(n, (i) => k.store(o, i, rem(add(k.load(x, i), mul(k.load(x, rem(add(i, 1), n)), 2)), 65521)));
  return k.finish();
}

function at(base: number, ...strides: number[]): { base: number; strides: number[] } {
  return { base, strides };
}

/** What the records of the listed elements give. */
function recorded(elements: readonly number[]): number {
  return elements.reduce((so, x) => (Math.imul(so, 3) + x) | 0, 0);
}

/** Runs a program of the record kernel over x[i] = i + 1 and returns its record. */
function runRecord(program: WasmInstruction[]): number {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const x = new Int32Array(memory.buffer, origin, 4096);
  for (let i = 0; i < x.length; i++) x[i] = i + 1;
  const limits = { initialPages: 4, shared: false };
  const bytes = assembleModule([recordKernel()], program, { relaxed: false, memory: limits, origin });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), moduleImports(memory));
  (instance.exports["run"] as (thread: number, threads: number) => void)(0, 1);
  return new Int32Array(memory.buffer, origin + 65536, 1)[0] as number;
}

function record(...strides: number[]): WasmInstruction {
  return { kind: "call", kernel: 0, offsets: [at(0, ...strides), at(65536)] };
}

describe("programs", () => {
  it("loops move the offsets, forward and in reverse", () => {
    const program: WasmInstruction[] = [
      { kind: "loop", count: 4, body: [record(8)] },
      { kind: "loop", count: 3, reverse: true, body: [record(4), { kind: "loop", count: 2, body: [record(64, 4)] }] },
      { kind: "loop", count: 0, body: [record(4)] },
    ];
    expect(runRecord(program)).toBe(recorded([1, 3, 5, 7, 3, 33, 34, 2, 17, 18, 1, 1, 2]));
  });

  it.each([1, 199, 200, 201, 1000])("%i calls run in order, in functions of bounded size", (count) => {
    const calls = Array.from(
      { length: count },
      (_, i): WasmInstruction => ({ kind: "call", kernel: 0, offsets: [at(4 * i), at(65536)] }),
    );
    expect(runRecord(calls)).toBe(recorded(calls.map((_, i) => i + 1)));
    const nested: WasmInstruction[] = [{ kind: "loop", count: 2, reverse: true, body: [...calls, record(4)] }];
    const turn = calls.map((_, i) => i + 1);
    expect(runRecord(nested)).toBe(recorded([...turn, 2, ...turn, 1]));
  });

  it("100,000 calls become a module that loads", () => {
    const program = Array.from({ length: 100_000 }, () => record());
    expect(runRecord(program)).toBe(recorded(program.map(() => 1)));
  });

  it("a range of the extent", () => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const x = new Int32Array(memory.buffer, origin, 32).fill(1);
    const call: WasmInstruction = { kind: "call", kernel: 0, offsets: [at(0), at(64)], begin: 2, end: 5 };
    const options = { relaxed: false, memory: { initialPages: 2, shared: false }, origin };
    const bytes = assembleModule([ringKernel(16)], [call], options);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), moduleImports(memory));
    x.fill(0, 16);
    (instance.exports["run"] as (thread: number, threads: number) => void)(0, 1);
    expect([...x.subarray(16, 24)]).toEqual([0, 0, 3, 3, 3, 0, 0, 0]);
  });

  it("wrong programs are refused", () => {
    const options = { relaxed: false, memory: { initialPages: 4, shared: false }, origin };
    const assemble = (call: Partial<WasmInstruction & { kind: "call" }>): Uint8Array =>
      assembleModule([recordKernel()], [{ kind: "call", kernel: 0, offsets: [at(0), at(4)], ...call }], options);
    expect(assemble({}).length).toBeGreaterThan(8);
    expect(() => assemble({ kernel: 1 })).toThrow(/kernel 1 of 1/);
    expect(() => assemble({ offsets: [at(0)] })).toThrow(/takes 2 buffers, got 1/);
    expect(() => assemble({ offsets: [at(2), at(4)] })).toThrow(/multiples of 4/);
    expect(() => assemble({ offsets: [at(0, 4), at(4)] })).toThrow(/1 strides inside 0 loops/);
    expect(() => assemble({ offsets: [at(-4), at(4)] })).toThrow(/lies at byte -4/);
    expect(() => assemble({ end: 2 })).toThrow(/\[0, 2\) of 1/);
    expect(() => assembleModule([], [], { ...options, origin: 1024 })).toThrow(/65536/);
  });
});

/** Runs the module on `threads` threads, this one among them, `rounds` times. */
async function runThreads(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
  threads: number,
  rounds: number,
): Promise<void> {
  const module = new WebAssembly.Module(bytes);
  const source = `
    const { workerData: { module, memory, thread, threads, rounds } } = require("node:worker_threads");
    const math = { exp: Math.exp, log: Math.log, tanh: Math.tanh };
    const { run } = new WebAssembly.Instance(module, { env: { memory }, math }).exports;
    for (let i = 0; i < rounds; i++) run(thread, threads);`;
  const ended = Array.from({ length: threads - 1 }, (_, i) => {
    const worker = new Worker(source, { eval: true, workerData: { module, memory, thread: i + 1, threads, rounds } });
    return new Promise<void>((resolve, reject) => {
      worker.on("error", reject);
      worker.on("exit", () => resolve());
    });
  });
  const run = new WebAssembly.Instance(module, moduleImports(memory)).exports["run"] as (thread: number, threads: number) => void;
  for (let i = 0; i < rounds; i++) run(0, threads);
  await Promise.all(ended);
}

it("a thread does not wait for one that has failed", () => {
  const limits = { initialPages: 2, maximumPages: 2, shared: true };
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const program: WasmInstruction[] = [{ kind: "call", kernel: 0, offsets: [at(0), at(64)] }];
  const bytes = assembleModule([ringKernel(16)], program, { relaxed: false, memory: limits, origin });
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes), moduleImports(memory)).exports;
  new Int32Array(memory.buffer)[failedByte / 4] = 1;
  expect(() => (run as (thread: number, threads: number) => void)(0, 2)).toThrow(/unreachable/);
});

describe("threads over shared memory", () => {
  const n = 57;
  const size = 256;
  // Two buffers in turn, and a counter that only one thread may increase.
  const program: WasmInstruction[] = [
    {
      kind: "loop",
      count: 20,
      body: [
        { kind: "call", kernel: 0, offsets: [at(0), at(size)], independent: true },
        { kind: "call", kernel: 1, offsets: [at(2 * size), at(3 * size)], sequential: true },
        { kind: "call", kernel: 0, offsets: [at(size), at(0)] },
      ],
    },
    { kind: "call", kernel: 0, offsets: [at(0), at(4 * size)], independent: true },
  ];

  async function result(threads: number, spins: number): Promise<number[]> {
    const limits = { initialPages: 2, maximumPages: 2, shared: true };
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
    const view = new Int32Array(memory.buffer, origin, (5 * size) / 4);
    for (let i = 0; i < n; i++) view[i] = i * i;
    view[(2 * size) / 4] = 1;
    const bytes = assembleModule([ringKernel(n), recordKernel()], program, { relaxed: false, memory: limits, origin, spins });
    await runThreads(bytes, memory, threads, 25);
    return [...view];
  }

  it("give the bits of one thread, whether they spin or sleep", async () => {
    const expected = await result(1, 1);
    expect(expected[(3 * size) / 4]).toBe(recorded(Array.from({ length: 500 }, () => 1)));
    for (const [threads, spins] of [
      [2, 1],
      [2, 20000],
      [3, 100],
      [5, 1],
    ] as const)
      expect(await result(threads, spins), `${threads} threads, ${spins} spins`).toEqual(expected);
  });
});
