import { javaScriptPrelude, printJavaScript } from "../kernels/javascript.js";
import type { Instruction, Program } from "../kernels/program.js";

function callText(instruction: Instruction, program: Program, depth: number, out: string[]): void {
  const indent = "  ".repeat(depth + 1);
  if (instruction.kind === "call") {
    // One thread: its own memory begins where the plan says.
    const offsets = instruction.offsets.map((o) =>
      [String(o.base), ...o.strides.flatMap((s, i) => (s === 0 ? [] : [`${s} * t${i}`]))].join(" + "),
    );
    out.push(
      `${indent}k${instruction.kernel}(${[...offsets, "0", String(program.kernels[instruction.kernel]!.extent)].join(", ")});`,
    );
    return;
  }
  const t = `t${depth}`;
  if (instruction.kind === "batch") {
    const { groups, parts, first, body } = instruction;
    const part = `t${depth + 1}`;
    const bound = (group: string): string => `Math.floor((${parts} * ${group}) / ${groups})`;
    out.push(`${indent}for (let ${t} = 0; ${t} < ${groups}; ${t}++) {`);
    for (const inner of first) callText(inner, program, depth + 1, out);
    out.push(`${indent}  for (let ${part} = ${bound(t)}; ${part} < ${bound(`(${t} + 1)`)}; ${part}++) {`);
    for (const inner of body) callText(inner, program, depth + 2, out);
    out.push(`${indent}  }`, `${indent}}`);
    return;
  }
  const head = instruction.reverse
    ? `let ${t} = ${instruction.count - 1}; ${t} >= 0; ${t}--`
    : `let ${t} = 0; ${t} < ${instruction.count}; ${t}++`;
  out.push(`${indent}for (${head}) {`);
  for (const inner of instruction.body) callText(inner, program, depth + 1, out);
  out.push(`${indent}}`);
}

/** The oracle: the program as JavaScript over the memory. */
export function compileJavaScript(program: Program, memory: ArrayBufferLike): () => void {
  const out = [javaScriptPrelude];
  program.kernels.forEach((kernel, i) => out.push(printJavaScript(kernel, `k${i}`)));
  out.push("return function run() {");
  for (const instruction of program.instructions) callText(instruction, program, 0, out);
  out.push("};");
  const make = new Function("F32", "F64", "I32", "I16", "I8", "U8", out.join("\n"));
  return make(
    new Float32Array(memory),
    new Float64Array(memory),
    new Int32Array(memory),
    new Int16Array(memory),
    new Int8Array(memory),
    new Uint8Array(memory),
  ) as () => void;
}
