import type { Expression, Kernel, Statement } from "./language.js";

/** One summand of an index: coefficient x atom. */
export interface Term {
  /** Text that equal atoms share. */
  readonly key: string;
  readonly coefficient: number;
  readonly atom: Expression;
}

/** An integer index as a sum of terms, sorted by key, and a constant. */
export interface Affine {
  readonly terms: readonly Term[];
  readonly constant: number;
}

/** What the printer knows of a variable before it meets it; names are unique in a kernel. */
export interface VariableFacts {
  /** Whether `assign` changes it. */
  readonly mutable: boolean;
  /** Number of loops around its declaration. */
  readonly depth: number;
  /** Its value, where it is an immutable scalar integer that is a sum of multiples of others. */
  readonly value: Affine | undefined;
}

export type Facts = Map<string, VariableFacts>;

/** The operands of an expression. */
export function operands(e: Expression): Expression[] {
  switch (e.kind) {
    case "constant":
    case "variable":
      return [];
    case "load":
      return [e.index];
    case "binary":
      return [e.left, e.right];
    case "fma":
      return [e.a, e.b, e.c];
    case "shuffle":
      return [e.a, e.b];
    case "select":
      return [e.condition, e.whenTrue, e.whenFalse];
    default:
      return [e.operand];
  }
}

/** Expressions that stand directly in a statement. */
export function expressionsOf(s: Statement): Expression[] {
  if (s.kind === "store") return [s.index, s.value];
  if (s.kind === "prefetch") return [s.index];
  if (s.kind === "for") return [s.from, s.to];
  if (s.kind === "if") return [s.condition];
  return [s.value];
}

/** Statement lists inside a statement. */
export function blocksOf(s: Statement): Statement[][] {
  if (s.kind === "for") return [s.body];
  return s.kind === "if" ? [s.then, s.otherwise] : [];
}

/** Visits each expression of the statements, operands included. */
export function visitExpressions(list: readonly Statement[], visit: (e: Expression) => void): void {
  const walk = (e: Expression): void => {
    visit(e);
    for (const operand of operands(e)) walk(operand);
  };
  visitStatements(list, (s) => {
    for (const e of expressionsOf(s)) walk(e);
  });
}

/** Visits each statement, inner ones included. */
export function visitStatements(list: readonly Statement[], visit: (s: Statement) => void): void {
  for (const s of list) {
    visit(s);
    for (const block of blocksOf(s)) visitStatements(block, visit);
  }
}

function keyOf(e: Expression): string {
  if (e.kind === "variable") return e.name;
  if (e.kind === "constant") return `${e.type}:${e.value}`;
  const operator =
    "operator" in e ? e.operator : e.kind === "load" ? e.buffer.name : e.kind === "shuffle" ? e.pattern.join() : "";
  return `${e.kind}.${operator}.${e.type}x${e.lanes}(${operands(e).map(keyOf).join()})`;
}

function combine(a: Affine, b: Affine, factor: number): Affine {
  const sums = new Map(a.terms.map((t) => [t.key, t]));
  for (const t of b.terms) {
    const coefficient = (sums.get(t.key)?.coefficient ?? 0) + factor * t.coefficient;
    sums.set(t.key, { key: t.key, coefficient, atom: t.atom });
  }
  const terms = [...sums.values()]
    .filter((t) => t.coefficient !== 0)
    .toSorted((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
  return { terms, constant: a.constant + factor * b.constant };
}

const zero: Affine = { terms: [], constant: 0 };

function isScaled(e: Expression): e is Expression & { kind: "binary" } {
  return e.kind === "binary" && e.type === "i32" && e.lanes === 1 && (e.operator === "mul" || e.operator === "shl");
}

/**
 * The index as a sum. Where `facts` are given, variables whose value is itself a sum are replaced by it.
 * Integer arithmetic of the loop language does not overflow, so sums may be taken apart and put together again.
 */
export function affine(e: Expression, facts?: Facts): Affine {
  if (e.kind === "constant") return { terms: [], constant: e.value };
  if (e.kind === "variable") {
    const value = facts?.get(e.name)?.value;
    if (value) return value;
  }
  if (e.kind === "binary" && (e.operator === "add" || e.operator === "sub"))
    return combine(affine(e.left, facts), affine(e.right, facts), e.operator === "add" ? 1 : -1);
  if (isScaled(e)) {
    const left = affine(e.left, facts);
    const right = affine(e.right, facts);
    if (right.terms.length === 0) return combine(zero, left, e.operator === "mul" ? right.constant : 2 ** right.constant);
    if (left.terms.length === 0 && e.operator === "mul") return combine(zero, right, left.constant);
  }
  return { terms: [{ key: keyOf(e), coefficient: 1, atom: e }], constant: 0 };
}

/** More summands than this are not worth repeating at every use. */
const maximumTerms = 6;

function loopVariable(depth: number): VariableFacts {
  return { mutable: false, depth, value: undefined };
}

/** Facts about every variable of the kernel. */
export function gatherFacts(kernel: Kernel): Facts {
  const facts: Facts = new Map();
  const walk = (list: readonly Statement[], depth: number): void => {
    for (const s of list) {
      if (s.kind === "declare") {
        const isIndex = !s.mutable && s.value.type === "i32" && s.value.lanes === 1;
        const value = isIndex ? affine(s.value, facts) : undefined;
        const isSum =
          value !== undefined && value.terms.length <= maximumTerms && value.terms.every((t) => isStable(t.atom, facts));
        facts.set(s.name, { mutable: s.mutable, depth, value: isSum ? value : undefined });
      } else if (s.kind === "for") facts.set(s.variable, loopVariable(depth + 1));
      for (const block of blocksOf(s)) walk(block, depth + (s.kind === "for" ? 1 : 0));
    }
  };
  walk(kernel.prologue, 0);
  facts.set(kernel.variable, loopVariable(1));
  walk(kernel.body, 1);
  return facts;
}

/** Whether the value depends on nothing that changes after its variables are declared. */
export function isStable(e: Expression, facts: Facts): boolean {
  if (e.kind === "load") return false;
  if (e.kind === "variable") return facts.get(e.name)?.mutable === false;
  return operands(e).every((operand) => isStable(operand, facts));
}

/** Number of loops inside which the value is known. */
export function depthOf(e: Expression, facts: Facts): number {
  if (e.kind === "variable") return facts.get(e.name)?.depth ?? 0;
  return operands(e).reduce((deepest, operand) => Math.max(deepest, depthOf(operand, facts)), 0);
}

/** Names that the value depends on. */
export function variablesOf(e: Expression): string[] {
  return e.kind === "variable" ? [e.name] : operands(e).flatMap(variablesOf);
}
