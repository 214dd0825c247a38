import type { KernelBuilder } from "./kernel_builder.js";
import type { Expression } from "./language.js";
import { pieces, type VectorPiece } from "./vectors.js";

/**
 * C[i, n] = sum over k of A[i + k] * B[k + n]: matrix products, convolutions (implicit, with i over batch and places and
 * k over taps and channels) and their weight gradients (i over taps and channels, k over batch and places) are one kernel.
 * i and k run over several dimensions, outermost first; n is contiguous in B and C.
 */
export interface Contraction {
  readonly element: "f32" | "f64";
  readonly rows: readonly Row[];
  readonly reduction: readonly Reduction[];
  readonly columns: number;
  /** C = C + A B. */
  readonly adds?: boolean;
  /** B lies as kernels/pack.ts packs it, whatever its strides say. */
  readonly packed?: boolean;
  /** B lies the other way round, its one reduction side by side: element [k, n] at n * depth + k. Only where the plan `readsAcross`. */
  readonly across?: boolean;
  /** Elements of tensors that are read after the product: they are asked for while it is computed. Only of a reduction that `walksAhead`. */
  readonly next?: readonly number[];
}

/**
 * What becomes of the elements of C while they are in registers: outputs = body(sum, operands), each as large as C and
 * lying as it does. Such a product has no slices.
 */
export interface Epilogue {
  /** Where an operand is found for an element of C: at its index, at its column, or it is one number. */
  readonly operands: readonly ("same" | "column" | "number")[];
  readonly outputs: number;
  /** Which outputs are not as large as C but added up over its rows, in their order; the kernel then runs on one thread. */
  readonly sums?: readonly boolean[];
  body(k: KernelBuilder, values: readonly Expression[]): readonly Expression[];
}

/** A dimension of i with its strides in A and C. */
export interface Row {
  readonly size: number;
  readonly a: number;
  readonly c: number;
}

/** A dimension of k with its strides in A and B. */
export interface Reduction {
  readonly size: number;
  readonly a: number;
  readonly b: number;
}

/**
 * How B's panels (one column segment of one chunk of the reduction) are kept in a first-level cache while many blocks of
 * rows are multiplied with them (Goto and van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication).
 */
export interface Blocking {
  /** Steps of the outermost dimension of the reduction to a chunk. */
  readonly chunk: number;
  /** Parts of a long reduction, each with sums of its own, that are added at the end; 1: none. */
  readonly slices: number;
  readonly rowGroups: number;
  readonly segmentGroups: number;
  /** Elements of a panel that is copied to contiguous memory first, as rows of B that lie a power of two apart would displace each other; 0: B is used where it lies. */
  readonly panel: number;
  /** Elements between rows of A's chunk where that is copied too, as its columns are walked; 0: A is used where it lies. */
  readonly leftStride: number;
}

export interface ContractionPlan {
  readonly lanes: number;
  readonly outerRows: readonly Row[];
  readonly innerRow: Row;
  readonly reduction: readonly Reduction[];
  /** Rows whose sums are in registers together. */
  readonly blockRows: number;
  /** Vectors of one column segment. */
  readonly vectors: number;
  readonly fullSegments: number;
  /** What is left of the columns behind the full segments. */
  readonly rest: readonly VectorPiece[];
  /** What is left of the columns, filled up to whole vectors where it is packed. */
  readonly restVectors: number;
  /** Whether whole vectors may be read where B's last columns are fewer: what follows in memory is read and not used. */
  readonly overreads: boolean;
  /** Blocks along the innermost dimension of the rows, and over all. */
  readonly innerBlocks: number;
  readonly blocks: number;
  /** Elements of C. */
  readonly size: number;
  readonly blocking: Blocking | undefined;
}

/** Bytes of B that stay in a first-level cache while block after block of rows is multiplied with them. */
const panelBytes = 32 * 1024;
/** Bytes of A that stay in a second-level cache while panel after panel of B is multiplied with them. */
const groupBytes = 256 * 1024;
/** Iterations of the outermost loop that a kernel should have, for threads to share. */
const wantedTasks = 4;
/** Steps of the reduction that pay for sums of their own. */
const leastSteps = 64;
/** Blocks of rows that pay for copying a panel. */
const leastBlocks = 4;

const product = (dimensions: readonly { readonly size: number }[]): number => dimensions.reduce((p, d) => p * d.size, 1);

/** Dimensions of size 1 are dropped and neighbours that every operand walks as one are merged. */
function merge<T extends { readonly size: number }>(dimensions: readonly T[], keys: readonly (keyof T)[]): T[] {
  const out: T[] = [];
  for (const d of dimensions) {
    if (d.size === 1) continue;
    const last = out[out.length - 1];
    if (last && keys.every((key) => (last[key] as number) === (d[key] as number) * d.size)) {
      out[out.length - 1] = { ...d, size: last.size * d.size };
    } else out.push(d);
  }
  return out.length > 0 ? out : [{ ...(dimensions[0] as T), size: 1 }];
}

/**
 * Cycles that a block of registers takes for one step of the reduction: two multiply-adds and two loads a cycle, a
 * multiply-add's latency, and the instructions that a processor brings in (measured with V8 and GCC on x64).
 */
function blockCycles(rows: number, vectors: number): number {
  const multiplies = rows * vectors;
  const loads = rows + vectors;
  return Math.max(multiplies / 2, loads / 2, 4, (multiplies + loads + 8) / 4.5);
}

/** Cycles until the second-level cache has given a line, and what of them shows where the multiplications take longer. */
const lineCycles = 2.6;
const shownLineCycles = 0.3;
/** f32 to a cache line. */
export const lineElements = 16;

/** As `blockCycles`, where a row of B comes from the second-level cache; rows that do not begin with a line reach into one more. */
function streamedBlockCycles(rows: number, vectors: number, lanes: number, columns: number): number {
  const lines = (vectors * lanes) / lineElements + (columns % lineElements === 0 ? 0 : 1);
  return Math.max(blockCycles(rows, vectors), lineCycles * lines) + shownLineCycles * lines;
}

/** Native targets leave room behind their memory for it; narrower vectors lose little. */
const overreads = (lanes: number): boolean => lanes >= 8;

/** How much longer the columns behind the full segments take where B is used as it lies. */
const restPenalty = 1.5;
/** Another block of rows behind the full ones is more code, and a jump. */
const tailPenalty = 1.01;

/** Bytes of A's rows of one block that stay in a first-level cache while segment after segment of B is multiplied with them. */
const rowBytes = 40 * 1024;
/** Bytes of B that stay in a second-level cache while so many rows, or any number, are multiplied with them; fewer rows do not pay for bringing more there. */
const streamedBytes = { anyRows: 512 * 1024, manyRows: 1024 * 1024, rows: 512 };

/**
 * Whether B is read where it lies, row after row, for every block of rows: where a block of A's rows fills few cache lines, as they
 * lie along a reduction or side by side along a short one, and B is small enough to come from the second-level cache each time.
 * Nothing is copied and nothing is cut, which is faster than keeping panels of B in the first-level cache.
 */
function streams({ rows, reduction, columns }: Contraction, lanes: number): boolean {
  const most = product(rows) >= streamedBytes.rows ? streamedBytes.manyRows : streamedBytes.anyRows;
  const depth = product(reduction);
  // A block side by side reaches into two lines.
  const isShort = rows.length === 1 && rows[0]!.a === 1 && lanes >= 8 && 4 * 2 * lineElements * depth <= rowBytes;
  return (reduction[reduction.length - 1]!.a === 1 || isShort) && 4 * depth * columns <= most;
}

/**
 * Whether a panel of B as long as the whole reduction is copied and read from the second-level cache: where A fits there beside it, so
 * that every row of B is fetched from memory once, and no sum is written before it is whole.
 */
function keepsPanels(spec: Contraction, lanes: number): boolean {
  const { rows, reduction, packed } = spec;
  const depth = product(reduction);
  const isSmall = 4 * depth * product(rows) <= groupBytes && 4 * depth * 2 * lanes <= 2 * panelBytes;
  return lanes >= 8 && !packed && !streams(spec, lanes) && reduction.length === 1 && reduction[0]!.a === 1 && isSmall;
}

/** Rows and vectors of the block of registers that multiplies in the fewest cycles; accumulators, a row of B and an element of A fill them. */
function chooseBlock(spec: Contraction, lanes: number, registers: number): { rows: number; vectors: number } {
  const { rows, reduction, columns } = spec;
  const innerRows = rows[rows.length - 1]!.size;
  const allRows = product(rows);
  const inPlace = streams(spec, lanes) || keepsPanels(spec, lanes);
  const mostRows = inPlace ? Math.max(1, Math.floor(rowBytes / (4 * product(reduction)))) : innerRows;
  let best = { rows: 1, vectors: 1, cycles: Number.POSITIVE_INFINITY };
  const widest = Math.max(1, Math.min(registers >= 32 ? 4 : 2, Math.floor(columns / lanes)));
  const narrowest = inPlace ? Math.min(widest, 2) : widest - 1;
  for (let vectors = widest; vectors >= Math.max(1, narrowest); vectors--) {
    const most = Math.min(
      innerRows,
      mostRows,
      registers >= 32 ? 16 : 12,
      Math.max(1, Math.floor((registers - vectors - 2) / vectors)),
    );
    const segments = Math.floor(columns / (vectors * lanes));
    const restColumns = columns - segments * vectors * lanes;
    const rest = pieces(restColumns, lanes).length;
    const across = (rows: number): number => {
      const fills = inPlace ? overreads(lanes) : segments > 1 && allRows >= leastBlocks * rows;
      const cycles = (width: number): number =>
        inPlace ? streamedBlockCycles(rows, width, lanes, columns) : blockCycles(rows, width);
      const inSegments = segments * cycles(vectors);
      if (fills) return restColumns === 0 ? inSegments : inSegments + cycles(Math.ceil(restColumns / lanes));
      const behind = rest === 0 ? 0 : Math.floor(rest / vectors) * cycles(vectors);
      const last = rest % vectors === 0 ? 0 : cycles(rest % vectors);
      return inSegments + restPenalty * (behind + last);
    };
    for (let rows = most; rows >= 1; rows--) {
      const left = innerRows % rows;
      const full = Math.floor(innerRows / rows) * across(rows);
      const all = left === 0 ? full : tailPenalty * (full + across(left));
      if (all < best.cycles) best = { rows, vectors, cycles: all };
    }
  }
  return best;
}

/** A reduction that is long beside C is cut, so that every element of A and B is fetched from memory once. */
function chooseSlices(steps: number, depth: number, operands: number, size: number): number {
  const isLong = steps >= 2 * wantedTasks && depth >= wantedTasks * leastSteps;
  return isLong && 2 * wantedTasks * size <= operands ? wantedTasks : 1;
}

/** Stride of A's rows where its chunk is copied: an odd number of cache lines, so that a column's elements do not displace each other. */
function chooseLeftStride(plan: Omit<ContractionPlan, "blocking" | "rest" | "restVectors">, slices: number): number {
  const walksColumns = plan.innerRow.a === 1 && plan.outerRows.length === 0 && plan.reduction.length === 1;
  const lines = Math.ceil(plan.innerRow.size / 16) | 1;
  return slices > 1 && walksColumns ? 16 * lines : 0;
}

/**
 * Whether threads that share out columns would write to the same lines of C, as its rows do not begin with one, and wait for each other.
 * Narrow vectors do not multiply so fast that it matters.
 */
function tearsLines({ lanes, blocks }: Pick<ContractionPlan, "lanes" | "blocks">, columns: number): boolean {
  return columns % lineElements !== 0 && lanes >= 8 && blocks >= 2 * leastBlocks;
}

function chooseBlocking(
  plan: Omit<ContractionPlan, "blocking" | "rest" | "restVectors">,
  spec: Contraction,
  alone: boolean,
): Blocking | undefined {
  const { columns, packed } = spec;
  const { reduction, fullSegments, blocks, blockRows, size } = plan;
  const segment = plan.vectors * plan.lanes;
  const whole = product(reduction) * segment;
  if (keepsPanels({ ...spec, reduction }, plan.lanes) && fullSegments > 1) {
    const segmentGroups = alone ? 1 : Math.min(fullSegments, wantedTasks);
    return { chunk: reduction[0]!.size, slices: 1, rowGroups: 1, segmentGroups, panel: whole, leftStride: 0 };
  }
  if (blocks < leastBlocks || fullSegments === 0) return undefined;
  const innerSteps = product(reduction.slice(1));
  const steps = reduction[0]!.size;
  const slices = chooseSlices(steps, steps * innerSteps, steps * innerSteps * (size / columns + columns), size);
  const leftStride = chooseLeftStride(plan, slices);
  const inCache = panelBytes / (4 * segment * innerSteps);
  const most = Math.max(1, Math.floor(leftStride > 0 ? Math.min(inCache, groupBytes / (4 * leftStride)) : inCache));
  const sliceSteps = Math.ceil(steps / slices);
  const chunk = Math.ceil(sliceSteps / Math.ceil(sliceSteps / most));
  const packs = fullSegments > 1;
  if (!packs && chunk === steps) return undefined;
  const depth = chunk * innerSteps;
  const blocksInGroup = Math.max(leastBlocks, Math.floor(groupBytes / (4 * depth * blockRows)));
  let rowGroups = leftStride > 0 ? 1 : Math.ceil(blocks / blocksInGroup);
  let segmentGroups = 1;
  if (slices > 1 || alone) rowGroups = Math.min(rowGroups, blocks);
  else if (rowGroups < wantedTasks) {
    if (tearsLines(plan, columns)) rowGroups = Math.max(rowGroups, 2);
    segmentGroups = Math.min(fullSegments, Math.ceil(wantedTasks / rowGroups));
    rowGroups = Math.max(rowGroups, Math.ceil(wantedTasks / segmentGroups));
  } else rowGroups = Math.ceil(rowGroups / wantedTasks) * wantedTasks;
  const panel = packs && !packed ? depth * segment : 0;
  return { chunk, slices, rowGroups: Math.min(rowGroups, blocks), segmentGroups, panel, leftStride };
}

/**
 * Register blocks and cache blocks of a contraction.
 * @param alone whether one thread does all of it, so that nothing is to be shared out; changes no bit
 */
export function planContraction(spec: Contraction, vectorLanes: number, registers: number, alone = false): ContractionPlan {
  const lanes = spec.element === "f64" ? 1 : vectorLanes;
  const rows = merge(spec.rows, ["a", "c"]);
  const reduction = merge(spec.reduction, ["a", "b"]);
  const innerRow = rows[rows.length - 1]!;
  const merged = { ...spec, rows, reduction };
  const { rows: blockRows, vectors } = chooseBlock(merged, lanes, registers);
  const segment = vectors * lanes;
  const fullSegments = Math.floor(spec.columns / segment);
  const innerBlocks = Math.ceil(innerRow.size / blockRows);
  const plan = {
    lanes,
    outerRows: rows.slice(0, -1),
    innerRow,
    reduction,
    blockRows,
    vectors,
    fullSegments,
    overreads: overreads(lanes),
    innerBlocks,
    blocks: innerBlocks * product(rows.slice(0, -1)),
    size: product(rows) * spec.columns,
  };
  const restColumns = spec.columns - fullSegments * segment;
  const rest = pieces(restColumns, lanes);
  return {
    ...plan,
    rest,
    restVectors: Math.ceil(restColumns / lanes),
    blocking: streams(merged, lanes) ? undefined : chooseBlocking(plan, merged, alone),
  };
}

/** Whether the kernel has steps enough to ask for that many elements while it multiplies. */
export function walksAhead(plan: ContractionPlan, elements: number): boolean {
  if (plan.lanes < 8 || plan.reduction.length > 1 || isChunked(plan) || (plan.blocking?.slices ?? 1) > 1) return false;
  return tileSteps(plan) >= elements / lineElements;
}

/** Blocks of registers of the whole product. */
export function tilesOf({ blocks, fullSegments, restVectors }: ContractionPlan): number {
  return blocks * (fullSegments + (restVectors > 0 ? 1 : 0));
}

/** Steps of the reduction that all blocks of registers take together. */
const tileSteps = (plan: ContractionPlan): number => depthOf(plan) * tilesOf(plan);

/** How often in a row the same line is asked for, as a power of two, so that the lines are spread over the product. */
export function stepsToLine(plan: ContractionPlan, elements: number): number {
  return Math.floor(Math.log2((lineElements * tileSteps(plan)) / elements));
}

/** Steps of the whole reduction. */
export function depthOf({ reduction }: Pick<ContractionPlan, "reduction">): number {
  return product(reduction);
}

/** Strides of the reduction in a packed segment of so many columns. */
export function packedStrides({ reduction }: Pick<ContractionPlan, "reduction">, width: number): number[] {
  return reduction.map((_, d) => product(reduction.slice(d + 1)) * width);
}

/** Elements of B where it is packed. */
export function packedSize(plan: ContractionPlan): number {
  return depthOf(plan) * (plan.fullSegments * plan.vectors + plan.restVectors) * plan.lanes;
}

/** Whether sums of a chunk of the reduction are written to C before the next one's are added. */
export function isChunked({ blocking, reduction }: ContractionPlan): boolean {
  return blocking !== undefined && blocking.chunk < reduction[0]!.size;
}

/** Elements of the workspace that the kernel takes as its last buffer; 0: it takes none. */
export function contractionWorkspace({ blocking }: ContractionPlan): number {
  return blocking ? taskWorkspace(blocking) * blocking.slices * blocking.rowGroups * blocking.segmentGroups : 0;
}

/** Elements of the workspace for one iteration: B's panel, then A's chunk. */
export function taskWorkspace({ panel, chunk, leftStride }: Blocking): number {
  return panel + chunk * leftStride;
}
