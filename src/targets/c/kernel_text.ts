import { printC } from "../../kernels/c.js";
import type { Buffer, Expression, Kernel, Statement } from "../../kernels/language.js";

interface Uses {
  readonly names: Set<string>;
  readonly buffers: Set<Buffer>;
}

function addExpression(e: Expression, uses: Uses): void {
  switch (e.kind) {
    case "constant":
      return;
    case "variable":
      uses.names.add(e.name);
      return;
    case "load":
      uses.buffers.add(e.buffer);
      addExpression(e.index, uses);
      return;
    default:
      for (const part of Object.values(e)) if (typeof part === "object" && "kind" in part) addExpression(part, uses);
  }
}

function addStatements(list: readonly Statement[], uses: Uses): void {
  for (const s of list) {
    if (s.kind === "declare" || s.kind === "assign") addExpression(s.value, uses);
    else if (s.kind === "store") {
      uses.buffers.add(s.buffer);
      addExpression(s.index, uses);
      addExpression(s.value, uses);
    } else if (s.kind === "prefetch") {
      uses.buffers.add(s.buffer);
      addExpression(s.index, uses);
    } else if (s.kind === "for") {
      addExpression(s.from, uses);
      addExpression(s.to, uses);
      addStatements(s.body, uses);
    } else {
      addExpression(s.condition, uses);
      addStatements(s.then, uses);
      addStatements(s.otherwise, uses);
    }
  }
}

/** Without the declarations and assignments of names that nothing reads. */
function withoutUnused(list: readonly Statement[], used: ReadonlySet<string>): Statement[] {
  return list
    .filter((s) => (s.kind !== "declare" && s.kind !== "assign") || used.has(s.name))
    .map((s) => {
      if (s.kind === "for") return { ...s, body: withoutUnused(s.body, used) };
      if (s.kind === "if") return { ...s, then: withoutUnused(s.then, used), otherwise: withoutUnused(s.otherwise, used) };
      return s;
    });
}

function usesOf(kernel: Kernel): Uses {
  const uses: Uses = { names: new Set(), buffers: new Set() };
  addStatements(kernel.prologue, uses);
  addStatements(kernel.body, uses);
  return uses;
}

/** A kernel as a static C99 function (pointer of each buffer..., begin, end) without a name that nothing reads. */
export function kernelText(kernel: Kernel, name: string): string {
  let trimmed = kernel;
  let { names, buffers } = usesOf(kernel);
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    trimmed = { ...trimmed, prologue: withoutUnused(trimmed.prologue, names), body: withoutUnused(trimmed.body, names) };
    ({ names, buffers } = usesOf(trimmed));
  }
  const text = printC(trimmed, name);
  const idle = kernel.buffers.filter((b) => !buffers.has(b)).map((b) => `  (void)${b.name};\n`);
  return idle.length === 0 ? text : text.replace("{\n", `{\n${idle.join("")}`);
}
