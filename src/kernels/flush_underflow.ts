import { binary, constant, type Expression, type Kernel, select, type Statement, unary } from "./language.js";

/**
 * Magnitude below which what a kernel computes is stored as zero. Above the smallest normal number (2^-126), so that products of what is
 * kept with ordinary factors are normal numbers, too.
 */
const leastKept = 2 ** -110;

/** Whether an element only moves: it was kept when it was stored. */
function moves(value: Expression, moved: ReadonlySet<string>): boolean {
  if (value.kind === "variable") return moved.has(value.name);
  if (value.kind === "shuffle") return moves(value.a, moved) && moves(value.b, moved);
  if (value.kind === "splat" || value.kind === "part") return moves(value.operand, moved);
  return value.kind === "load" || value.kind === "constant";
}

/** NaN is less than nothing and is kept. */
const flushed = (value: Expression): Expression =>
  select(binary("lt", unary("abs", value), leastKept), constant("f32", 0, value.lanes), value);

class Flushing {
  readonly #moved = new Set<string>();
  #counter = 0;

  statements(list: readonly Statement[]): Statement[] {
    return list.flatMap((s) => this.#statement(s));
  }

  #statement(s: Statement): Statement[] {
    if (s.kind === "for") return [{ ...s, body: this.statements(s.body) }];
    if (s.kind === "if") return [{ ...s, then: this.statements(s.then), otherwise: this.statements(s.otherwise) }];
    if (s.kind === "declare" && !s.mutable && moves(s.value, this.#moved)) this.#moved.add(s.name);
    if (s.kind !== "store" || s.buffer.element !== "f32" || moves(s.value, this.#moved)) return [s];
    const { type, lanes } = s.value;
    const name = `kept${this.#counter++}`;
    return [
      { kind: "declare", name, value: s.value, mutable: false },
      { ...s, value: flushed({ kind: "variable", type, lanes, name }) },
    ];
  }
}

/**
 * The kernel with zeros in the place of f32 results nearer to zero than `leastKept`, for targets that cannot tell the processor to do so:
 * arithmetic with numbers below 2^-126 takes a hundred times as long.
 */
export function flushUnderflow(kernel: Kernel): Kernel {
  const flushing = new Flushing();
  return { ...kernel, body: flushing.statements(kernel.body) };
}
