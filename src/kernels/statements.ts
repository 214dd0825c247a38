import type { Buffer, Expression, Statement } from "./language.js";

/** What differs between the languages with C's statements. Texts are whole statements without indent. */
export interface StatementDialect {
  expression(e: Expression): string;
  /** Keyword or type that declares a loop's variable. */
  loopVariable: string;
  declare(statement: Extract<Statement, { kind: "declare" }>): string;
  store(buffer: Buffer, index: Expression, value: Expression): string;
  /** Absent: left out. */
  prefetch?(buffer: Buffer, index: Expression): string;
}

/** Appends the lines of statements in C's syntax. */
export function printStatements(list: readonly Statement[], dialect: StatementDialect, indent: string, out: string[]): void {
  const { expression } = dialect;
  const inner = `${indent}  `;
  for (const s of list) {
    if (s.kind === "declare") out.push(`${indent}${dialect.declare(s)}`);
    else if (s.kind === "assign") out.push(`${indent}${s.name} = ${expression(s.value)};`);
    else if (s.kind === "store") out.push(`${indent}${dialect.store(s.buffer, s.index, s.value)}`);
    else if (s.kind === "prefetch") {
      if (dialect.prefetch) out.push(`${indent}${dialect.prefetch(s.buffer, s.index)}`);
    } else if (s.kind === "for") {
      const i = s.variable;
      const head = `${dialect.loopVariable} ${i} = ${expression(s.from)}; ${i} < ${expression(s.to)}; ${i} += ${s.step}`;
      out.push(`${indent}for (${head}) {`);
      printStatements(s.body, dialect, inner, out);
      out.push(`${indent}}`);
    } else {
      out.push(`${indent}if (${expression(s.condition)}) {`);
      printStatements(s.then, dialect, inner, out);
      if (s.otherwise.length > 0) out.push(`${indent}} else {`);
      printStatements(s.otherwise, dialect, inner, out);
      out.push(`${indent}}`);
    }
  }
}
