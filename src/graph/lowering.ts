import { contractionKernel } from "../kernels/contraction.js";
import { readsAcross } from "../kernels/contraction_across.js";
import {
  type Contraction,
  type ContractionPlan,
  contractionWorkspace,
  isChunked,
  packedSize,
  planContraction,
  type Reduction,
  walksAhead,
} from "../kernels/contraction_plan.js";
import { fillKernel } from "../kernels/fill.js";
import { add, type ElementType, type Expression } from "../kernels/language.js";
import { type MapOperand, mapKernel } from "../kernels/map.js";
import { packKernel } from "../kernels/pack.js";
import { type PadSpecification, padKernel } from "../kernels/pad.js";
import { transposeKernel, transpositionOf } from "../kernels/transpose.js";
import type { LowerContext, ProductEpilogue, Region } from "./lower.js";
import { type DType, sizeOf } from "./types.js";

/** Element type of a floating-point op's kernels. */
export function floatOf(region: Region): "f32" | "f64" {
  const { dtype } = region.type;
  if (dtype !== "f32" && dtype !== "f64") throw new Error(`a floating-point kernel was asked for ${dtype}`);
  return dtype;
}

/** Adds the sums of the parts of a reduction, in order. */
export function addSlices(context: LowerContext, dtype: DType, slices: number, size: number, parts: Region, to: Region): void {
  const inputs: MapOperand[] = Array.from({ length: slices }, (_, i) => ({ element: dtype, strides: [1], offset: i * size }));
  const outputs: MapOperand[] = [{ element: dtype, strides: [1], offset: 0 }];
  const regions = [...inputs.map(() => parts), to];
  if (to.adds) {
    inputs.unshift(outputs[0]!);
    regions.unshift(to);
  }
  const body = (_: unknown, values: readonly Expression[]): Expression[] => [values.reduce((sum, v) => add(sum, v))];
  context.call(
    `add slices ${dtype} ${slices} ${size} ${to.adds === true}`,
    () => mapKernel({ shape: [size], inputs, outputs, body }, context.lanes),
    regions,
  );
}

/** Targets with vectors of so many lanes add a product to C apart: V8 would not keep the sums in registers. */
const narrowLanes = 4;

/** Rows of C below which packing B costs more than it saves. */
const leastPackedRows = 32;

const planOf = ({ lanes, registers, alone }: LowerContext, product: Contraction): ContractionPlan =>
  planContraction(product, lanes, registers, alone);

/** The plan of the product of packed weights, where B is packed once for all turns of the loop around. Narrow vectors seldom reach over the end of a cache line. */
function packedPlan(context: LowerContext, spec: Contraction, b: Region): ContractionPlan | undefined {
  if (spec.packed || spec.element !== "f32" || context.lanes <= narrowLanes || !context.repeats(b)) return undefined;
  const plan = planOf(context, { ...spec, packed: true });
  return plan.fullSegments > 0 && plan.size >= leastPackedRows * spec.columns ? plan : undefined;
}

/** A copy of B in the order in which the product of packed weights, whose blocks are its own, reads it. */
function pack(context: LowerContext, plan: ContractionPlan, columns: number, b: Region): Region {
  const packed = context.workspace("f32", packedSize(plan));
  const key = `pack ${JSON.stringify([columns, plan.reduction, plan.vectors])}`;
  context.call(key, () => packKernel(plan, columns), [b, packed]);
  return packed;
}

/** The product with a copy of B that lies as its strides say. */
function contractTurned(context: LowerContext, product: Contraction, a: Region, b: Region, c: Region): void {
  const { element, rows, columns, reduction } = product;
  const [{ size: depth }] = reduction as [Reduction];
  const turned = context.workspace(element, depth * columns);
  const source = { strides: [1, depth], offset: 0 };
  copyStrided(context, [depth, columns], b, source, turned, { strides: [columns, 1], offset: 0 });
  contract(context, { element, rows, columns, reduction }, a, turned, c);
}

/** C = A B in the general sense of kernels/contraction.ts; with `across` wherever B lies so, whatever the plan. */
export function contract(context: LowerContext, product: Contraction, a: Region, b: Region, c: Region): void {
  if (product.across && (context.repeats(b) || !readsAcross(planOf(context, product))))
    return contractTurned(context, product, a, b, c);
  const order = packedPlan(context, product, b);
  if (order) return contract(context, { ...product, packed: true }, a, pack(context, order, product.columns, b), c);
  const plan = planOf(context, product);
  const workspace = contractionWorkspace(plan);
  const slices = plan.blocking?.slices ?? 1;
  if (context.epilogue) {
    contractWith(context, context.epilogue, product, plan, a, b);
    return;
  }
  if (c.adds && slices === 1 && context.lanes <= narrowLanes) {
    const sums = context.workspace(product.element, plan.size);
    contract(context, product, a, b, sums);
    addInto(context, sums, c);
    return;
  }
  const next = readNext(context, plan);
  const spec = { ...product, ...next.spec, ...(c.adds && slices === 1 ? { adds: true } : {}) };
  const key = `contraction ${JSON.stringify(spec)} ${context.alone}`;
  const sums = slices > 1 ? context.workspace(spec.element, slices * plan.size) : c;
  const regions = [a, b, sums, ...next.regions];
  if (workspace > 0) regions.push(context.workspace(spec.element, workspace));
  context.call(key, () => contractionKernel(spec, plan), regions);
  if (slices > 1) addSlices(context, spec.element, slices, plan.size, sums, c);
}

/** What the product's kernel asks for while it multiplies, where it has steps enough. */
function readNext(context: LowerContext, plan: ContractionPlan): { regions: readonly Region[]; spec: Pick<Contraction, "next"> } {
  const regions = (context.next ?? []).filter(({ type }) => type.dtype === "f32" && walksAhead(plan, sizeOf(type.shape)));
  return { regions, spec: regions.length > 0 ? { next: regions.map(({ type }) => sizeOf(type.shape)) } : {} };
}

/** The product with its epilogue; where sums are made in slices, the epilogue is a kernel of its own. */
function contractWith(
  context: LowerContext,
  epilogue: ProductEpilogue,
  spec: Contraction,
  plan: ContractionPlan,
  a: Region,
  b: Region,
): void {
  const { operands, operandRegions, results } = epilogue;
  const { element, columns } = spec;
  const behind = `${epilogue.key} ${operands.join(" ")}`;
  if ((plan.blocking?.slices ?? 1) > 1) {
    const { epilogue: _, ...plain } = context;
    const sums = context.workspace(element, plan.size);
    contract(plain, spec, a, b, sums);
    const shape = [plan.size / columns, columns];
    const strides = { same: [columns, 1], column: [0, 1], number: [0, 0] };
    const operand = (kind: keyof typeof strides): MapOperand => ({ element, strides: strides[kind], offset: 0 });
    const inputs = [operand("same"), ...operands.map(operand)];
    const outputs = results.map((_, i) => (epilogue.sums?.[i] ? { ...operand("column"), sums: true } : operand("same")));
    const { body } = epilogue;
    context.call(`map ${behind} ${shape}`, () => mapKernel({ shape, inputs, outputs, body }, context.lanes), [
      sums,
      ...operandRegions,
      ...results,
    ]);
    return;
  }
  const sums = isChunked(plan) ? [context.workspace(element, plan.size)] : [];
  const workspace = contractionWorkspace(plan);
  const next = readNext(context, plan);
  const regions = [a, b, ...sums, ...operandRegions, ...results, ...next.regions];
  if (workspace > 0) regions.push(context.workspace(element, workspace));
  context.call(
    `contraction ${JSON.stringify({ ...spec, ...next.spec })} ${context.alone} ${behind}`,
    () => contractionKernel({ ...spec, ...next.spec }, plan, epilogue),
    regions,
  );
}

/** to = to + from, of equal sizes. */
export function addInto(context: LowerContext, from: Region, to: Region): void {
  const element = floatOf(to);
  const size = sizeOf(to.type.shape);
  const operand: MapOperand = { element, strides: [1], offset: 0 };
  const spec = { shape: [size], inputs: [operand, operand], outputs: [operand] };
  const body = (_: unknown, [a, b]: readonly Expression[]): Expression[] => [add(a!, b!)];
  context.call(`add into ${element} ${size}`, () => mapKernel({ ...spec, body }, context.lanes), [to, from, to]);
}

/** to = 0. */
export function fillZeros(context: LowerContext, to: Region): void {
  const element = to.type.dtype;
  const size = sizeOf(to.type.shape);
  context.call(`fill ${element} ${size} 0`, () => fillKernel(element, size, 0, context.lanes), [to]);
}

/** Copies a strided view of `from` to a strided view of `to`. */
export function copyStrided(
  context: Pick<LowerContext, "call" | "lanes">,
  shape: readonly number[],
  from: Region,
  source: { strides: readonly number[]; offset: number },
  to: Region,
  target: { strides: readonly number[]; offset: number },
): void {
  const turned = transpositionOf(from.type.dtype as ElementType, shape, source, target);
  if (turned && from.type.dtype === to.type.dtype) {
    context.call(`transpose ${JSON.stringify(turned)}`, () => transposeKernel(turned), [from, to]);
    return;
  }
  const operand = (dtype: DType, place: { strides: readonly number[]; offset: number }): MapOperand => ({
    element: dtype,
    ...place,
  });
  const inputs = [operand(from.type.dtype, source)];
  const outputs = [operand(to.type.dtype, target)];
  const key = `copy ${JSON.stringify({ shape, inputs, outputs })}`;
  context.call(key, () => mapKernel({ shape, inputs, outputs, body: (_, [x]) => [x!] }, context.lanes), [from, to]);
}

/** Writes the padded or stuffed map. */
export function pad(context: LowerContext, spec: PadSpecification, x: Region, y: Region): void {
  context.call(`pad ${JSON.stringify(spec)}`, () => padKernel(spec, context.lanes), [x, y]);
}
