import {
  type Buffer,
  type ElementType,
  type Expression,
  type Kernel,
  type Operand,
  type Statement,
  computeType,
  constant,
} from "./language.js";

/** Builds one kernel. */
export class KernelBuilder {
  readonly #name: string;
  readonly #buffers: Buffer[] = [];
  readonly #blocks: Statement[][] = [[]];
  #counter = 0;
  #extent = 1;
  #variable = "i";
  #prologue: Statement[] | undefined;
  #body: Statement[] | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Declares the next buffer argument. */
  buffer(name: string, element: ElementType, written = false): Buffer {
    const buffer = { name: `${name}${this.#buffers.length}`, element, written };
    this.#buffers.push(buffer);
    return buffer;
  }

  #fresh(prefix: string): string {
    return `${prefix}${this.#counter++}`;
  }

  #emit(statement: Statement): void {
    (this.#blocks[this.#blocks.length - 1] as Statement[]).push(statement);
  }

  #collect(fill: () => void): Statement[] {
    const block: Statement[] = [];
    this.#blocks.push(block);
    fill();
    this.#blocks.pop();
    return block;
  }

  /** Names a value that is used more than once. Constants and names pass through. */
  let(value: Expression): Expression {
    if (value.kind === "constant" || value.kind === "variable") return value;
    const name = this.#fresh("v");
    this.#emit({ kind: "declare", name, value, mutable: false });
    return { kind: "variable", type: value.type, lanes: value.lanes, name };
  }

  /** A variable that `assign` changes. */
  mutable(value: Expression): Expression & { kind: "variable" } {
    const name = this.#fresh("m");
    this.#emit({ kind: "declare", name, value, mutable: true });
    return { kind: "variable", type: value.type, lanes: value.lanes, name };
  }

  assign(target: Expression, value: Expression): void {
    if (target.kind !== "variable") throw new Error("assign needs a variable");
    this.#emit({ kind: "assign", name: target.name, value });
  }

  load(buffer: Buffer, index: Operand, lanes = 1): Expression {
    const at = typeof index === "number" ? constant("i32", index) : index;
    return { kind: "load", type: computeType(buffer.element), lanes, buffer, index: at };
  }

  store(buffer: Buffer, index: Operand, value: Expression): void {
    if (!buffer.written) throw new Error(`${this.#name}: ${buffer.name} is not declared as written`);
    this.#emit({ kind: "store", buffer, index: typeof index === "number" ? constant("i32", index) : index, value });
  }

  /** Says that the cache line of an element will be needed soon; it may lie outside of the buffer. Does nothing where the target has no word for it. */
  prefetch(buffer: Buffer, index: Expression): void {
    this.#emit({ kind: "prefetch", buffer, index });
  }

  /** for (i = from; i < to; i += step). A loop of one turn is written without a loop. */
  for(from: Operand, to: Operand, step: number, fill: (i: Expression) => void): void {
    if (typeof from === "number" && typeof to === "number" && to - from <= step) {
      if (to > from) fill(constant("i32", from));
      return;
    }
    const name = this.#fresh("i");
    const i: Expression = { kind: "variable", type: "i32", lanes: 1, name };
    const body = this.#collect(() => fill(i));
    const at = (x: Operand): Expression => (typeof x === "number" ? constant("i32", x) : x);
    this.#emit({ kind: "for", variable: name, from: at(from), to: at(to), step, body });
  }

  if(condition: Expression, then: () => void, otherwise: () => void = () => {}): void {
    this.#emit({ kind: "if", condition, then: this.#collect(then), otherwise: this.#collect(otherwise) });
  }

  /** The outermost loop, once a kernel: iterations are independent and may run on any thread. */
  parallel(extent: number, fill: (i: Expression) => void): void {
    if (this.#body) throw new Error(`${this.#name}: a kernel has one parallel loop`);
    this.#extent = extent;
    this.#variable = this.#fresh("p");
    this.#prologue = this.#blocks[0] as Statement[];
    const i: Expression = { kind: "variable", type: "i32", lanes: 1, name: this.#variable };
    this.#body = this.#collect(() => fill(i));
  }

  /** The finished kernel. */
  finish(): Kernel {
    if (!this.#body || !this.#prologue) throw new Error(`${this.#name}: no parallel loop`);
    return {
      name: this.#name,
      buffers: this.#buffers,
      extent: this.#extent,
      variable: this.#variable,
      prologue: this.#prologue,
      body: this.#body,
    };
  }
}
