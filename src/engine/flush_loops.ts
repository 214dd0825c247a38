import { flushUnderflow } from "../kernels/flush_underflow.js";
import type { Instruction, Program } from "../kernels/program.js";

/** Kernels that are called again and again over time. */
function repeatedKernels(instructions: readonly Instruction[], isRepeated = false): number[] {
  return instructions.flatMap((one) => {
    if (one.kind === "call") return isRepeated ? [one.kernel] : [];
    const body = repeatedKernels(one.body, isRepeated || one.kind === "loop");
    return one.kind === "batch" ? [...repeatedKernels(one.first, isRepeated), ...body] : body;
  });
}

/**
 * The program with zeros in the place of results that are too small, for WebAssembly, which cannot tell the processor to make them: in
 * element-wise kernels of loops over time, where gradients fade from step to step. Everywhere they would cost half a step more.
 */
export function flushLoops(program: Program): Program {
  const repeated = new Set(repeatedKernels(program.instructions));
  const kernels = program.kernels.map((kernel, i) =>
    repeated.has(i) && kernel.name === "map" ? flushUnderflow(kernel) : kernel,
  );
  return { ...program, kernels };
}
