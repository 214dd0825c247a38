import { type Buffer, type Expression, elementBytes, type Statement } from "./language.js";
import {
  type Affine,
  affine,
  depthOf,
  type Facts,
  isStable,
  operands,
  type Term,
  variablesOf,
  visitExpressions,
  visitStatements,
} from "./wasm_affine.js";
import type { CodeWriter } from "./wasm_assembler.js";

/**
 * First byte of memory that a buffer may occupy. The immediate offset of a load does not wrap around 2^32 as the sum
 * before it does, so that sum must not be negative: immediates stay below this limit, and buffers begin above it.
 */
export const firstBufferByte = 65536;

/** Registers for pointers are few; what gets none is computed where it is used. */
const maximumPointers = 6;

interface Access {
  readonly buffer: Buffer;
  readonly form: Affine;
}

/** A local that holds the address of element `anchor + (sum of the terms)` of a buffer. */
interface Pointer {
  readonly key: string;
  readonly anchor: number;
  readonly buffer: Buffer;
  readonly terms: readonly Term[];
  readonly local: number;
  /** Bytes to add after each turn of the loop that owns the pointer; 0 where the address stays. */
  readonly step: number;
}

function groupKey(buffer: Buffer, form: Affine): string {
  return `${buffer.name}|${form.terms.map((t) => `${t.coefficient}*${t.key}`).join("+")}`;
}

function divides(e: Expression): boolean {
  const traps =
    e.kind === "binary" && (e.operator === "div" || e.operator === "rem") && !(e.right.kind === "constant" && e.right.value > 0);
  return traps || operands(e).some(divides);
}

/** Accesses whose index is known at the head of the loop, up to multiples of the loop's variable. */
function movableAccesses(variable: string, body: readonly Statement[], facts: Facts): Access[] {
  const inner = new Set<string>([variable]);
  visitStatements(body, (s) => {
    if (s.kind === "declare") inner.add(s.name);
    else if (s.kind === "for") inner.add(s.variable);
  });
  const isMovable = (t: Term): boolean =>
    t.key === variable || (isStable(t.atom, facts) && !divides(t.atom) && variablesOf(t.atom).every((name) => !inner.has(name)));
  const found: Access[] = [];
  const consider = (buffer: Buffer, index: Expression): void => {
    const form = affine(index, facts);
    if (form.terms.length > 0 && form.terms.every(isMovable)) found.push({ buffer, form });
  };
  visitExpressions(body, (e) => {
    if (e.kind === "load") consider(e.buffer, e.index);
  });
  visitStatements(body, (s) => {
    if (s.kind === "store") consider(s.buffer, s.index);
  });
  return found;
}

/** Computes addresses: a loop keeps pointers that move by a constant, so that most accesses need no arithmetic. */
export class AddressWriter {
  readonly #code: CodeWriter;
  readonly #facts: Facts;
  readonly #baseOf: (buffer: Buffer) => number;
  readonly #write: (e: Expression) => void;
  readonly #scopes: Pointer[][] = [];

  /**
   * @param baseOf local that holds the buffer's byte offset
   * @param write emits the value of an expression
   */
  constructor(code: CodeWriter, facts: Facts, baseOf: (buffer: Buffer) => number, write: (e: Expression) => void) {
    this.#code = code;
    this.#facts = facts;
    this.#baseOf = baseOf;
    this.#write = write;
  }

  #find(key: string, constant: number, bytes: number): Pointer | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const pointer = (this.#scopes[i] as Pointer[]).find(
        (p) => p.key === key && constant >= p.anchor && (constant - p.anchor) * bytes < firstBufferByte,
      );
      if (pointer) return pointer;
    }
    return undefined;
  }

  #scale(factor: number): void {
    if (factor === 1) return;
    const exponent = Math.log2(factor);
    this.#code.i32(Number.isInteger(exponent) ? exponent : factor);
    this.#code.op(Number.isInteger(exponent) ? "i32.shl" : "i32.mul");
  }

  /** Emits base + sum of the terms, what is known outermost first, so that the sum of the invariant part can be shared. */
  #sum(buffer: Buffer, terms: readonly Term[], constant: number): void {
    const bytes = elementBytes[buffer.element];
    this.#code.get(this.#baseOf(buffer));
    if (constant !== 0) {
      this.#code.i32(constant * bytes);
      this.#code.op("i32.add");
    }
    for (const t of terms.toSorted((a, b) => depthOf(a.atom, this.#facts) - depthOf(b.atom, this.#facts))) {
      this.#write(t.atom);
      this.#scale(t.coefficient * bytes);
      this.#code.op("i32.add");
    }
  }

  /** Emits the address of an element and returns the immediate offset that belongs to it. */
  address(buffer: Buffer, index: Expression): number {
    const bytes = elementBytes[buffer.element];
    const form = affine(index, this.#facts);
    const pointer = this.#find(groupKey(buffer, form), form.constant, bytes);
    if (pointer) {
      this.#code.get(pointer.local);
      return (form.constant - pointer.anchor) * bytes;
    }
    const { terms, constant } = affine(index);
    const offset = constant * bytes;
    const immediate = offset >= 0 && offset < firstBufferByte;
    this.#sum(buffer, terms, immediate ? 0 : constant);
    return immediate ? offset : 0;
  }

  /** Pointers for the loop's accesses, the most used first. */
  #plan(variable: string, step: number, body: readonly Statement[]): Pointer[] {
    const groups = new Map<string, Access[]>();
    for (const access of movableAccesses(variable, body, this.#facts)) {
      const key = groupKey(access.buffer, access.form);
      const group = groups.get(key);
      if (group) group.push(access);
      else groups.set(key, [access]);
    }
    const pointers: Pointer[] = [];
    for (const [key, group] of [...groups].toSorted(([, a], [, b]) => b.length - a.length)) {
      const { buffer, form } = group[0] as Access;
      const bytes = elementBytes[buffer.element];
      const own = form.terms.find((t) => t.key === variable);
      let anchor = Number.NEGATIVE_INFINITY;
      for (const constant of group.map((a) => a.form.constant).toSorted((a, b) => a - b)) {
        if ((constant - anchor) * bytes < firstBufferByte || this.#find(key, constant, bytes)) continue;
        if (pointers.length === maximumPointers) return pointers;
        anchor = constant >= 0 && constant * bytes < firstBufferByte ? 0 : constant;
        const local = this.#code.local("i32");
        pointers.push({ key, anchor, buffer, terms: form.terms, local, step: own ? own.coefficient * bytes * step : 0 });
      }
    }
    return pointers;
  }

  /** Before the loop, its variable already set: emits the first values of its pointers. */
  enter(variable: string, step: number, body: readonly Statement[]): void {
    const pointers = this.#plan(variable, step, body);
    for (const p of pointers) {
      this.#sum(p.buffer, p.terms, p.anchor);
      this.#code.set(p.local);
    }
    this.#scopes.push(pointers);
  }

  /** At the end of a turn: moves the pointers. */
  advance(): void {
    for (const p of this.#scopes.at(-1) as Pointer[]) {
      if (p.step === 0) continue;
      this.#code.get(p.local);
      this.#code.i32(p.step);
      this.#code.op("i32.add");
      this.#code.set(p.local);
    }
  }

  /** After the loop. */
  leave(): void {
    for (const p of this.#scopes.pop() as Pointer[]) this.#code.release(p.local);
  }
}
