import { KernelBuilder } from "./kernel_builder.js";
import {
  add,
  type Buffer,
  binary,
  computeType,
  constant,
  div,
  type ElementType,
  type Expression,
  type Kernel,
  min,
  mul,
  rem,
  widen,
} from "./language.js";
import { eachVector, leastPrefetchLanes, pieces } from "./vectors.js";

/** How one operand of a map lies in memory, aligned to the output's dimensions; stride 0 repeats. Strides and offset in elements. */
export interface MapOperand {
  readonly element: ElementType;
  readonly strides: readonly number[];
  readonly offset: number;
  /** Number of its buffer among those of inputs or of outputs, where several operands lie in one; default: the operand's own. */
  readonly buffer?: number;
  /** Of an output: what the loop makes is added up over all dimensions but the innermost, in their order. */
  readonly sums?: boolean;
}

/** An element-wise loop: outputs[i] = body(inputs[i]). */
export interface MapSpecification {
  readonly shape: readonly number[];
  readonly inputs: readonly MapOperand[];
  readonly outputs: readonly MapOperand[];
  /** Results at one place (or `lanes` neighbouring places) from the inputs there. */
  body(k: KernelBuilder, inputs: readonly Expression[]): readonly Expression[];
}

interface Collapsed {
  readonly sizes: number[];
  /** [operand][dimension] */
  readonly strides: number[][];
}

/** Merges neighbouring dimensions that every operand walks as one. */
function collapse(shape: readonly number[], operands: readonly (readonly number[])[]): Collapsed {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  shape.forEach((n, d) => {
    if (n === 1) return;
    const last = sizes.length - 1;
    const merges = last >= 0 && operands.every((s, o) => (strides[o]![last] as number) === (s[d] as number) * n);
    if (merges) {
      sizes[last]! *= n;
      operands.forEach((s, o) => (strides[o]![last] = s[d] as number));
    } else {
      sizes.push(n);
      operands.forEach((s, o) => strides[o]!.push(s[d] as number));
    }
  });
  if (sizes.length === 0) return { sizes: [1], strides: operands.map(() => [0]) };
  return { sizes, strides };
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Elements one iteration of a one-dimensional map handles. */
const unrolled = 4;

/** Vectors of values that repeat from row to row, kept in registers while a block of rows goes by. */
const heldVectors = { most: 14, columns: 4 };
/** Rows longer than this many vectors are walked along the row: what repeats is then read again, in the order of memory. */
const longestRow = 16;
/** Holding values writes the code out for every vector of a row: at most so many reads and writes. */
const mostHeldCode = 128;
/** Rows to an iteration where values are held. */
const rowsPerBlock = 32;

/** Elements ahead that a loop asks memory for: 3 KiB, some dozen vectors of each operand (measured; half of it is not enough). */
const prefetched = 768;
/** Operands' elements of a row below which nothing is asked for: too little to wait for. */
const leastPrefetched = 256;
class MapWriter {
  readonly #spec: MapSpecification;
  readonly #k = new KernelBuilder("map");
  readonly #inputs: readonly Buffer[];
  readonly #outputs: readonly Buffer[];
  readonly #operands: readonly MapOperand[];
  readonly #inner: number;
  readonly #outer: readonly number[];
  /** [operand][dimension] */
  readonly #strides: readonly (readonly number[])[];
  readonly #innerStrides: readonly number[];
  /** Lanes of full vectors. */
  readonly #wide: number;

  constructor(spec: MapSpecification, lanes: number) {
    this.#spec = spec;
    this.#inputs = this.#buffers("x", spec.inputs, false);
    this.#outputs = this.#buffers("y", spec.outputs, true);
    this.#operands = [...spec.inputs, ...spec.outputs];
    const { sizes, strides } = collapse(
      spec.shape,
      this.#operands.map((o) => o.strides),
    );
    this.#strides = strides;
    this.#inner = sizes[sizes.length - 1] as number;
    this.#outer = sizes.slice(0, -1);
    this.#innerStrides = strides.map((s) => s[s.length - 1] as number);
    const vectorizes = this.#innerStrides.every((s, i) => s === 1 || (s === 0 && i < spec.inputs.length));
    this.#wide = vectorizes && this.#operands.every((o) => o.element === "f32" || o.element === "i32") ? lanes : 1;
  }

  /** The buffer of each operand; operands may share one. */
  #buffers(prefix: string, operands: readonly MapOperand[], written: boolean): Buffer[] {
    const made = new Map<number, Buffer>();
    return operands.map(({ element, buffer }, i) => {
      const number = buffer ?? i;
      const known = made.get(number) ?? this.#k.buffer(`${prefix}${number}_`, element, written);
      made.set(number, known);
      return known;
    });
  }

  /** The value of an input at column j of the row that starts at `base`. */
  #load(i: number, base: Expression, j: Expression, width: number): Expression {
    const k = this.#k;
    const stride = this.#innerStrides[i] as number;
    const from = add(base, (this.#spec.inputs[i] as MapOperand).offset);
    const buffer = this.#inputs[i] as Buffer;
    if (stride === 0) return widen(k.let(k.load(buffer, from)), width);
    return k.let(k.load(buffer, add(from, stride === 1 ? j : mul(j, stride)), width));
  }

  /** Results at `width` columns from j on; `held` are inputs loaded before. */
  #place(bases: readonly Expression[], j: Expression, width: number, held?: readonly (Expression | undefined)[]): void {
    const k = this.#k;
    const values = this.#inputs.map((_, i) => held?.[i] ?? this.#load(i, bases[i] as Expression, j, width));
    const results = this.#spec.body(k, values);
    this.#outputs.forEach((buffer, n) => {
      const o = this.#inputs.length + n;
      const { offset, sums } = this.#operands[o] as MapOperand;
      const at = k.let(add(add(bases[o] as Expression, offset), mul(j, this.#innerStrides[o] as number)));
      const result = widen(results[n] as Expression, width);
      k.store(buffer, at, sums ? add(k.load(buffer, at, width), result) : result);
    });
  }

  /** Asks for what follows in every operand that is walked, so that a loop of many does not wait for memory page after page. */
  #prefetch(bases: readonly Expression[], j: Expression): void {
    if (this.#wide < leastPrefetchLanes || this.#inner * this.#operands.length < leastPrefetched) return;
    this.#operands.forEach(({ offset }, o) => {
      const buffer = (this.#inputs[o] ?? this.#outputs[o - this.#inputs.length]) as Buffer;
      if (this.#innerStrides[o] !== 1 || this.#strides[o]!.includes(0)) return;
      this.#k.prefetch(buffer, add(bases[o] as Expression, add(j, offset + prefetched)));
    });
  }

  /** One dimension: blocks of vectors. */
  #line(): void {
    const k = this.#k;
    const block = this.#wide * unrolled;
    const full = Math.floor(this.#inner / block);
    const bases = this.#operands.map(() => constant("i32", 0));
    k.parallel(Math.max(1, full), (p) => {
      const start = k.let(mul(p, block));
      if (full > 0)
        for (let u = 0; u < unrolled; u++) {
          const at = add(start, u * this.#wide);
          this.#prefetch(bases, at);
          this.#place(bases, at, this.#wide);
        }
      const rest = this.#inner - full * block;
      if (rest === 0) return;
      const tail = (): void => {
        for (const piece of pieces(rest, this.#wide)) this.#place(bases, constant("i32", full * block + piece.at), piece.lanes);
      };
      if (full <= 1) tail();
      else k.if(binary("eq", p, full - 1), tail);
    });
  }

  /** Where the row with these indices of the outer dimensions begins, for each operand. */
  #bases(indices: readonly Expression[]): Expression[] {
    return this.#strides.map((s) => {
      let base: Expression = constant("i32", 0);
      for (const [d, index] of indices.entries()) base = add(base, mul(index, s[d] as number));
      return this.#k.let(base);
    });
  }

  /** Indices of the dimensions of these sizes, from a number that counts through them. */
  #indices(number: Expression, sizes: readonly number[]): Expression[] {
    const indices: Expression[] = [];
    let left = number;
    for (let d = sizes.length - 1; d > 0; d--) {
      indices[d] = this.#k.let(rem(left, sizes[d] as number));
      left = this.#k.let(div(left, sizes[d] as number));
    }
    if (sizes.length > 0) indices[0] = left;
    return indices;
  }

  /** Row after row by one thread, with sums over them. */
  #sums(): void {
    const k = this.#k;
    k.parallel(1, () => {
      this.#outputs.forEach((buffer, n) => {
        if (!this.#spec.outputs[n]!.sums) return;
        eachVector(k, this.#inner, this.#wide, (j, width) => k.store(buffer, j, constant(computeType(buffer.element), 0, width)));
      });
      k.for(0, product(this.#outer), 1, (row) => {
        const bases = this.#bases(this.#indices(row, this.#outer));
        eachVector(k, this.#inner, this.#wide, (j, width) => {
          if (width === this.#wide) this.#prefetch(bases, j);
          this.#place(bases, j, width);
        });
      });
    });
  }

  /** Row after row. */
  #rows(): void {
    const k = this.#k;
    k.parallel(product(this.#outer), (p) => {
      const bases = this.#bases(this.#indices(p, this.#outer));
      eachVector(k, this.#inner, this.#wide, (j, width) => {
        if (width === this.#wide) this.#prefetch(bases, j);
        this.#place(bases, j, width);
      });
    });
  }

  /** Which inputs are the same in every row of the innermost outer dimension. */
  #repeats(): boolean[] {
    const d = this.#outer.length - 1;
    return this.#inputs.map((_, i) => this.#strides[i]![d] === 0);
  }

  /** Blocks of rows, a few columns at a time, with what repeats held in registers. */
  #blocksOfRows(repeats: readonly boolean[]): void {
    const k = this.#k;
    const rows = this.#outer[this.#outer.length - 1] as number;
    const around = this.#outer.slice(0, -1);
    const blocks = Math.ceil(rows / rowsPerBlock);
    const held = repeats.filter(Boolean).length;
    const columns = Math.max(1, Math.min(heldVectors.columns, Math.floor(heldVectors.most / held)));
    const widths = pieces(this.#inner, this.#wide);
    k.parallel(product(around) * blocks, (p) => {
      const block = blocks === 1 ? constant("i32", 0) : k.let(rem(p, blocks));
      const outer = this.#indices(blocks === 1 ? p : k.let(div(p, blocks)), around);
      const from = k.let(mul(block, rowsPerBlock));
      const to = blocks === 1 ? constant("i32", rows) : k.let(min(add(from, rowsPerBlock), rows));
      const zero = constant("i32", 0);
      const first = this.#bases([...outer, zero]);
      for (let c = 0; c < widths.length; c += columns) {
        const group = widths.slice(c, c + columns).map((w) => ({ ...w, j: constant("i32", w.at) }));
        const values = group.map((w) => repeats.map((r, i) => (r ? this.#load(i, first[i]!, w.j, w.lanes) : undefined)));
        k.for(from, to, 1, (row) => {
          const bases = this.#strides.map((s, o) => k.let(add(first[o]!, mul(row, s[this.#outer.length - 1] as number))));
          group.forEach((w, g) => {
            if (w.lanes === this.#wide) this.#prefetch(bases, w.j);
            this.#place(bases, w.j, w.lanes, values[g]);
          });
        });
      }
    });
  }

  kernel(): Kernel {
    if (this.#spec.outputs.some((o) => o.sums)) this.#sums();
    else if (this.#outer.length === 0) this.#line();
    else {
      const repeats = this.#repeats();
      const vectors = Math.ceil(this.#inner / this.#wide);
      const isShort = vectors <= longestRow && vectors * this.#operands.length <= mostHeldCode;
      const holds = repeats.some(Boolean) && this.#wide > 1 && isShort;
      if (holds) this.#blocksOfRows(repeats);
      else this.#rows();
    }
    return this.#k.finish();
  }
}

/** The kernel of a map; buffers are those of the inputs, then those of the outputs. */
export function mapKernel(spec: MapSpecification, lanes: number): Kernel {
  return new MapWriter(spec, lanes).kernel();
}
