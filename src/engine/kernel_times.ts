import type { BatchLoop, Instruction, KernelLabel, Program } from "../kernels/program.js";
import { kernelExport } from "../kernels/wasm_module.js";

/** Where a program's time went: one kernel over all its calls since the program was compiled. */
export interface KernelTime extends KernelLabel {
  /** Name of the kernel's generator: contraction, map, ... */
  readonly kernel: string;
  readonly calls: number;
  /** On the thread that called `run`. */
  readonly milliseconds: number;
}

/** Names the raw times of kernels, longest first; kernels that never ran are left out. */
export function kernelTimes(program: Program, times: (kernel: number) => { calls: number; milliseconds: number }): KernelTime[] {
  return program.kernels
    .map(({ name }, i) => {
      const label = program.labels?.[i] ?? { op: name, shapes: "", multiplyAccumulates: 0 };
      return { ...label, kernel: name, ...times(i) };
    })
    .filter((t) => t.calls > 0)
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** C of timed calls: TIMED(kernel, call) in place of the call, times in seconds and calls by kernel. */
export function timedCalls(kernels: number): string {
  return `
#include <time.h>
/* A library is loaded once a process: threads that run the same program must not count together. */
static _Thread_local double seconds_of[${kernels}], calls_of[${kernels}];
static double clock_now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
#define TIMED(kernel, call) do { \\
  double started = thread == 0 ? clock_now() : 0; \\
  call; \\
  if (thread == 0) { seconds_of[kernel] += clock_now() - started; calls_of[kernel]++; } } while (0)
double earshot_seconds(int32_t kernel) { return seconds_of[kernel]; }
double earshot_calls(int32_t kernel) { return calls_of[kernel]; }
`;
}

/** Runs a WebAssembly program's calls one by one from JavaScript, and times them. */
export class TimedWasm {
  readonly #program: Program;
  readonly #functions: readonly ((...values: number[]) => void)[];
  readonly #origin: number;
  readonly #calls: Float64Array;
  readonly #milliseconds: Float64Array;

  constructor(program: Program, exports: WebAssembly.Exports, origin: number) {
    this.#program = program;
    this.#functions = program.kernels.map((_, i) => exports[kernelExport(i)] as (...values: number[]) => void);
    this.#origin = origin;
    this.#calls = new Float64Array(program.kernels.length);
    this.#milliseconds = new Float64Array(program.kernels.length);
  }

  run(list: readonly Instruction[] = this.#program.instructions, counters: readonly number[] = []): void {
    for (const instruction of list) {
      if (instruction.kind === "call") this.#call(instruction, counters);
      else if (instruction.kind === "batch") this.#batch(instruction, counters);
      else
        for (let i = 0; i < instruction.count; i++)
          this.run(instruction.body, [...counters, instruction.reverse ? instruction.count - 1 - i : i]);
    }
  }

  #batch({ groups, parts, first, body }: BatchLoop, counters: readonly number[]): void {
    const bound = (group: number): number => Math.floor((parts * group) / groups);
    for (let group = 0; group < groups; group++) {
      this.run(first, [...counters, group]);
      for (let part = bound(group); part < bound(group + 1); part++) this.run(body, [...counters, group, part]);
    }
  }

  #call({ kernel, offsets }: Instruction & { kind: "call" }, counters: readonly number[]): void {
    const places = offsets.map((o) => o.strides.reduce((at, s, depth) => at + s * counters[depth]!, this.#origin + o.base));
    const started = performance.now();
    this.#functions[kernel]!(...places, 0, this.#program.kernels[kernel]!.extent);
    this.#milliseconds[kernel]! += performance.now() - started;
    this.#calls[kernel]!++;
  }

  times(): KernelTime[] {
    return kernelTimes(this.#program, (i) => ({ calls: this.#calls[i]!, milliseconds: this.#milliseconds[i]! }));
  }
}
