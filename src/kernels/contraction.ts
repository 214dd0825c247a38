import { packAcross } from "./contraction_across.js";
import { type OperandsAhead, operandsAhead } from "./contraction_ahead.js";
import { EpilogueWriter } from "./contraction_epilogue.js";
import {
  type Blocking,
  type Contraction,
  type ContractionPlan,
  contractionWorkspace,
  depthOf,
  type Epilogue,
  isChunked,
  lineElements,
  packedStrides,
  stepsToLine,
  taskWorkspace,
  tilesOf,
} from "./contraction_plan.js";
import type { LeftSource, Range, Source, Sum, Walked } from "./contraction_walk.js";
import { KernelBuilder } from "./kernel_builder.js";
import {
  add,
  type Buffer,
  binary,
  constant,
  div,
  type Expression,
  fma,
  type Kernel,
  min,
  mul,
  part,
  rem,
  sub,
} from "./language.js";
import { eachVector, leastPrefetchLanes, pieces, validParts, type VectorPiece } from "./vectors.js";

const zero = constant("i32", 0);
/** Bytes of C that a second-level cache does not hold beside A and B. */
const fartherBytes = 1 << 20;

class ContractionWriter {
  readonly #spec: Contraction;
  readonly #plan: ContractionPlan;
  readonly #k = new KernelBuilder("contraction");
  readonly #a: Buffer;
  readonly #b: Buffer;
  /** Absent where an epilogue takes the sums out of the registers. */
  readonly #c: Buffer | undefined;
  readonly #epilogue: EpilogueWriter | undefined;
  readonly #panel: Buffer | undefined;
  readonly #segment: number;
  /** Where the sums of a slice of the reduction begin. */
  #sliceBase: Expression = zero;
  #left: LeftSource;
  /** What is read after the product. */
  readonly #next: readonly { readonly buffer: Buffer; readonly elements: number }[];
  /** Counts blocks of registers, where there is something to ask for. */
  #tile: Expression | undefined;
  /** Strides of B's reduction in a full segment. */
  readonly #strides: readonly number[];

  constructor(spec: Contraction, plan: ContractionPlan, epilogue?: Epilogue) {
    this.#spec = spec;
    this.#plan = plan;
    this.#a = this.#k.buffer("a", spec.element);
    this.#b = this.#k.buffer("b", spec.element);
    if (!epilogue || isChunked(plan)) this.#c = this.#k.buffer("c", spec.element, true);
    if (epilogue) this.#epilogue = new EpilogueWriter(this.#k, spec.element, epilogue);
    this.#next = (spec.next ?? []).map((elements) => ({ buffer: this.#k.buffer("next", spec.element), elements }));
    if (contractionWorkspace(plan) > 0) this.#panel = this.#k.buffer("panel", spec.element, true);
    this.#segment = plan.vectors * plan.lanes;
    this.#left = { buffer: this.#a, base: zero, strides: plan.reduction.map((d) => d.a) };
    this.#strides = spec.packed
      ? packedStrides(plan, this.#segment)
      : plan.reduction.map((d) => (spec.across ? lineElements : d.b));
  }

  #firstOf(group: Expression, groups: number, count: number): Expression {
    return this.#k.let(div(mul(group, count), groups));
  }

  /** Visits the steps of a range of the reduction with the offsets in two operands. */
  #reduce(
    range: Range,
    offsets: readonly Expression[],
    strides: readonly (readonly number[])[],
    visit: (at: Expression[]) => void,
    d = 0,
  ): void {
    const dimension = this.#plan.reduction[d];
    if (!dimension) return visit([...offsets]);
    const numberOr = (e: Expression): Expression | number => (e.kind === "constant" ? e.value : e);
    const [from, to] = d === 0 ? [numberOr(range.from), numberOr(range.to)] : [0, dimension.size];
    this.#k.for(from, to, 1, (i) => {
      const next = offsets.map((offset, o) => this.#k.let(add(mul(i, strides[o]![d] as number), offset)));
      this.#reduce(range, next, strides, visit, d + 1);
    });
  }

  /** `count` rows times one column segment, in registers. */
  #micro(
    aBase: Expression,
    cBase: Expression,
    count: number,
    widths: readonly VectorPiece[],
    source: Source,
    range: Range,
  ): void {
    const k = this.#k;
    const { innerRow } = this.#plan;
    const sums = Array.from({ length: count }, () => widths.map((w) => k.mutable(constant(this.#spec.element, 0, w.lanes))));
    const cAt = (r: number, at: number): Expression => add(add(cBase, source.column), r * innerRow.c + at);
    const left = this.#left;
    const { ahead } = source;
    const walked: Walked[] = [
      { from: aBase, strides: left.strides },
      { from: source.base, strides: source.strides },
    ];
    if (ahead) walked.push({ from: ahead, strides: this.#strides, visit: (at) => k.prefetch(this.#b, at) });
    walked.push(...this.#nextAhead());
    const multiply = (range: Range, walked: readonly Walked[]): void =>
      this.#reduce(
        range,
        walked.map((w) => w.from),
        walked.map((w) => w.strides),
        (now) => {
          const [aAt, bAt] = now;
          now.forEach((at, i) => walked[i]!.visit?.(at));
          const rowOfB = widths.map((w) => k.let(k.load(source.buffer, add(bAt!, w.at), w.lanes)));
          sums.forEach((row, r) => {
            const x = k.let(k.load(left.buffer, add(aAt!, r * innerRow.a)));
            row.forEach((sum, v) => k.assign(sum, fma(rowOfB[v]!, x, sum)));
          });
        },
      );
    const operands = this.#operandsAhead(k.let(add(cBase, source.column)), count, widths.length, range);
    if (!operands) multiply(range, walked);
    else {
      const { walk, last } = operands;
      const between = last === undefined ? range.to : k.let(min(add(range.from, last), range.to));
      multiply({ ...range, to: between }, [...walked, walk]);
      if (between !== range.to) multiply({ ...range, from: between }, walked);
    }
    if (this.#tile) k.assign(this.#tile, add(this.#tile, 1));
    const places = validParts(widths, source.columns);
    const tile = sums.flatMap((row, r) =>
      places.map(({ v, from, lanes, at }, place) => ({
        sum: part(row[v]!, from, lanes),
        at: cAt(r, at),
        column: add(source.column, at),
        place,
      })),
    );
    this.#finish(tile, range);
  }

  /** Prefetches what is read or written at the sums' places when they are finished: what the epilogue takes and gives, or C. */
  #operandsAhead(corner: Expression, rows: number, vectors: number, range: Range): OperandsAhead | undefined {
    const isWhole = !range.start && range.from.kind === "constant";
    const finished = this.#epilogue?.places ?? [this.#c!];
    const buffers = isWhole ? finished : this.#c && 4 * this.#plan.size >= fartherBytes ? [this.#c] : [];
    return operandsAhead(this.#k, this.#plan, { corner, rows, vectors, columns: this.#spec.columns, buffers, range, isWhole });
  }

  /** Begins to count the blocks of registers of one iteration of so many. */
  #countTiles(iteration: Expression, iterations: number): void {
    if (this.#next.length === 0) return;
    this.#tile = this.#k.mutable(mul(iteration, Math.floor(tilesOf(this.#plan) / iterations)));
  }

  /** Prefetches what is read after the product, spread over all its steps. */
  #nextAhead(): Walked[] {
    if (!this.#tile) return [];
    const k = this.#k;
    const first = k.let(mul(this.#tile, depthOf(this.#plan)));
    return this.#next.map(({ buffer, elements }) => ({
      from: first,
      strides: [1],
      visit: (step) => {
        const line = min(binary("shr", step, stepsToLine(this.#plan, elements)), Math.ceil(elements / lineElements) - 1);
        k.prefetch(buffer, mul(line, lineElements));
      },
    }));
  }

  /** Takes sums out of the registers. */
  #finish(tile: readonly Sum[], range: Range): void {
    const k = this.#k;
    const c = this.#c;
    const { start } = range;
    const epilogue = this.#epilogue;
    if (!c) return epilogue!.apply(tile, ({ sum }) => sum);
    // C is added at the end, as sums that begin in it would wait for it.
    const withC = ({ sum, at }: Sum): Expression => add(sum, k.load(c, at, sum.lanes));
    const addToC = (): void => tile.forEach((s) => k.store(c, s.at, withC(s)));
    const writeC = (): void => tile.forEach((s) => k.store(c, s.at, s.sum));
    if (this.#spec.adds) addToC();
    else if (!start) writeC();
    else if (!epilogue) k.if(binary("gt", range.from, start), addToC, writeC);
    else {
      const isLast = binary("eq", range.to, this.#plan.reduction[0]!.size);
      const applied = (): void => epilogue.apply(tile, withC);
      k.if(isLast, applied, () => k.if(binary("gt", range.from, start), addToC, writeC));
    }
  }

  /** The block of rows of that number, with `run` for its count of rows. */
  #rowBlock(index: Expression, run: (aBase: Expression, cBase: Expression, count: number) => void): void {
    const k = this.#k;
    const { outerRows, innerRow, innerBlocks, blockRows } = this.#plan;
    const inner = k.let(rem(index, innerBlocks));
    let left = k.let(div(index, innerBlocks));
    let a: Expression = add(this.#left.base, mul(outerRows.length === 0 ? index : inner, blockRows * innerRow.a));
    let c: Expression = mul(outerRows.length === 0 ? index : inner, blockRows * innerRow.c);
    for (let d = outerRows.length - 1; d >= 0; d--) {
      const dimension = outerRows[d]!;
      const i = d === 0 ? left : k.let(rem(left, dimension.size));
      if (d > 0) left = k.let(div(left, dimension.size));
      a = add(a, mul(i, dimension.a));
      c = add(c, mul(i, dimension.c));
    }
    const aBase = k.let(a);
    const cBase = k.let(add(this.#sliceBase, c));
    const lastRows = innerRow.size - (innerBlocks - 1) * blockRows;
    if (lastRows === blockRows || innerBlocks === 1) return run(aBase, cBase, lastRows);
    const full = binary("lt", outerRows.length === 0 ? index : inner, innerBlocks - 1);
    k.if(
      full,
      () => run(aBase, cBase, blockRows),
      () => run(aBase, cBase, lastRows),
    );
  }

  /** B where it lies, from a full segment's first column on. */
  #inPlace(column: Expression): Source {
    const base = this.#spec.packed ? this.#k.let(mul(column, depthOf(this.#plan))) : column;
    return { buffer: this.#b, base, strides: this.#strides, column };
  }

  #fullWidths(): VectorPiece[] {
    return this.#vectors(this.#plan.vectors);
  }

  /** The columns behind the full segments. */
  #restOfColumns(aBase: Expression, cBase: Expression, count: number, range: Range): void {
    const { rest, restVectors, vectors, fullSegments, overreads, lanes } = this.#plan;
    const first = fullSegments * this.#segment;
    const { packed, columns: all } = this.#spec;
    const source: Source = {
      ...this.#inPlace(constant("i32", first)),
      ...(packed ? { strides: packedStrides(this.#plan, restVectors * lanes) } : {}),
    };
    if (packed || overreads) {
      const columns = all - first;
      if (columns > 0) this.#micro(aBase, cBase, count, this.#vectors(restVectors), { ...source, columns }, range);
      return;
    }
    for (let i = 0; i < rest.length; i += vectors) this.#micro(aBase, cBase, count, rest.slice(i, i + vectors), source, range);
  }

  /** Copies a column segment of a chunk of B to contiguous rows of `width` elements at `base`: what there is of it, zeros behind. */
  #pack(panel: Buffer, base: Expression, column: Expression, range: Range, columns: number, width = columns): Source {
    const { reduction, lanes } = this.#plan;
    const k = this.#k;
    if (this.#spec.across) return packAcross(k, this.#plan, { b: this.#b, panel, base, column, range, columns, width });
    const strides = reduction.map((_, d) => reduction.slice(d + 1).reduce((p, r) => p * r.size, width));
    const start = k.let(add(base, mul(range.from, -strides[0]!)));
    this.#reduce(range, [column, start], [reduction.map((d) => d.b), strides], ([from, to]) => {
      if (width > columns) k.store(panel, add(to!, width - lanes), constant(this.#spec.element, 0, lanes));
      for (const w of pieces(columns, lanes)) k.store(panel, add(to!, w.at), k.load(this.#b, add(from!, w.at), w.lanes));
    });
    return { buffer: panel, base: start, strides, column, columns };
  }

  /** As `#pack`, the columns behind the full segments. */
  #packRest(panel: Buffer, base: Expression, range: Range): Source {
    const { fullSegments, restVectors, lanes } = this.#plan;
    const first = fullSegments * this.#segment;
    return this.#pack(panel, base, constant("i32", first), range, this.#spec.columns - first, restVectors * lanes);
  }

  /** Whole vectors from a segment's first column on. */
  #vectors(count: number): VectorPiece[] {
    return Array.from({ length: count }, (_, v) => ({ at: v * this.#plan.lanes, lanes: this.#plan.lanes }));
  }

  /**
   * Every block of rows prefetches one vector of every row of the next column segment, so that packing it does not wait for
   * memory: the first block the first vector, and so on.
   */
  #ahead(column: Expression, block: Expression): { ahead?: Expression } {
    const { lanes, vectors, blocking } = this.#plan;
    if (lanes < leastPrefetchLanes || !(blocking?.panel || this.#spec.packed)) return {};
    const next = add(column, this.#segment);
    // Lines follow each other: so many of them to a step as there are vectors to a row.
    if (this.#spec.across) return { ahead: this.#k.let(mul(add(next, mul(min(block, vectors), lanes)), depthOf(this.#plan))) };
    const base = this.#spec.packed ? mul(next, depthOf(this.#plan)) : next;
    return { ahead: this.#k.let(add(base, mul(min(block, vectors), lanes))) };
  }

  /** Copies a chunk of A, whose rows lie along the reduction, to rows of `stride` elements at `base`. */
  #packLeft(panel: Buffer, base: Expression, stride: number, range: Range): void {
    const { innerRow, reduction, lanes } = this.#plan;
    const k = this.#k;
    const start = k.let(add(base, mul(range.from, -stride)));
    const inPlace = reduction.map((d) => d.a);
    this.#reduce(range, [zero, start], [inPlace, [stride]], ([from, to]) => {
      eachVector(k, innerRow.size, lanes, (at, width) => k.store(panel, add(to!, at), k.load(this.#a, add(from!, at), width)));
    });
    this.#left = { buffer: panel, base: start, strides: [stride] };
  }

  /** Each iteration is one block of rows with all columns. */
  #plain(): void {
    const { reduction, fullSegments, blocks } = this.#plan;
    const range = { from: zero, to: constant("i32", reduction[0]!.size) };
    this.#k.parallel(blocks, (index) => {
      this.#countTiles(index, blocks);
      this.#rowBlock(index, (aBase, cBase, count) => {
        this.#k.for(0, fullSegments * this.#segment, this.#segment, (column) =>
          this.#micro(aBase, cBase, count, this.#fullWidths(), this.#inPlace(column), range),
        );
        this.#restOfColumns(aBase, cBase, count, range);
      });
    });
  }

  /** Each iteration is a group of blocks of rows with a group of column segments, chunk after chunk of the reduction. */
  #blocked(blocking: Blocking): void {
    const { chunk, slices, rowGroups, segmentGroups, panel: panelSize, leftStride } = blocking;
    const k = this.#k;
    const { reduction, fullSegments, blocks, rest } = this.#plan;
    const steps = reduction[0]!.size;
    k.parallel(slices * rowGroups * segmentGroups, (p) => {
      this.#countTiles(p, slices * rowGroups * segmentGroups);
      const slice = k.let(div(p, rowGroups * segmentGroups));
      const rowGroup = k.let(rem(div(p, segmentGroups), rowGroups));
      const segmentGroup = k.let(rem(p, segmentGroups));
      const firstBlock = this.#firstOf(rowGroup, rowGroups, blocks);
      const endBlock = this.#firstOf(add(rowGroup, 1), rowGroups, blocks);
      // What is behind the full segments is the last group's.
      const segments = fullSegments + (rest.length > 0 && segmentGroups > 1 ? 1 : 0);
      const firstColumn = k.let(mul(this.#firstOf(segmentGroup, segmentGroups, segments), this.#segment));
      const lastColumn = mul(this.#firstOf(add(segmentGroup, 1), segmentGroups, segments), this.#segment);
      const endColumn = k.let(segments > fullSegments ? min(lastColumn, fullSegments * this.#segment) : lastColumn);
      const base = k.let(mul(p, taskWorkspace(blocking)));
      const start = slices === 1 ? zero : this.#firstOf(slice, slices, steps);
      const end = slices === 1 ? constant("i32", steps) : this.#firstOf(add(slice, 1), slices, steps);
      this.#sliceBase = slices === 1 ? zero : k.let(mul(slice, this.#plan.size));
      const walk = (visit: (from: Expression) => void): void => (chunk >= steps ? visit(zero) : k.for(start, end, chunk, visit));
      walk((from) => {
        const range: Range = chunk >= steps ? { from, to: end } : { from, to: k.let(min(add(from, chunk), end)), start };
        if (this.#panel && leftStride > 0) this.#packLeft(this.#panel, k.let(add(base, panelSize)), leftStride, range);
        k.for(firstColumn, endColumn, this.#segment, (column) => {
          const source =
            this.#panel && panelSize > 0 ? this.#pack(this.#panel, base, column, range, this.#segment) : this.#inPlace(column);
          k.for(firstBlock, endBlock, 1, (index) => {
            const ahead = this.#ahead(column, k.let(sub(index, firstBlock)));
            this.#rowBlock(index, (aBase, cBase, count) =>
              this.#micro(aBase, cBase, count, this.#fullWidths(), { ...source, ...ahead }, range),
            );
          });
        });
        if (rest.length === 0) return;
        const tail = (): void => {
          const source = this.#panel && panelSize > 0 ? this.#packRest(this.#panel, base, range) : undefined;
          k.for(firstBlock, endBlock, 1, (index) =>
            this.#rowBlock(index, (aBase, cBase, count) => {
              if (source) this.#micro(aBase, cBase, count, this.#vectors(this.#plan.restVectors), source, range);
              else this.#restOfColumns(aBase, cBase, count, range);
            }),
          );
        };
        if (segmentGroups === 1) tail();
        else k.if(binary("eq", segmentGroup, segmentGroups - 1), tail);
      });
    });
  }

  kernel(): Kernel {
    const { blocking } = this.#plan;
    this.#epilogue?.clearSums(this.#spec.columns, this.#plan.lanes);
    if (blocking) this.#blocked(blocking);
    else this.#plain();
    return this.#k.finish();
  }
}

/**
 * Kernel with buffers A, B, C (one C a slice of the reduction, to be added) and, where `contractionWorkspace` asks for it, a
 * workspace. With an epilogue: A, B, C where `isChunked`, the operands, the results, the workspace. What is read next stands before the
 * workspace.
 */
export function contractionKernel(spec: Contraction, plan: ContractionPlan, epilogue?: Epilogue): Kernel {
  return new ContractionWriter(spec, plan, epilogue).kernel();
}
