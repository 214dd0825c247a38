import { type ContractionPlan, depthOf, packedStrides } from "./contraction_plan.js";
import { KernelBuilder } from "./kernel_builder.js";
import { add, constant, div, type Expression, type Kernel, mul, rem } from "./language.js";
import { pieces } from "./vectors.js";

/**
 * Packs B of a contraction that multiplies with it again and again: the columns of a segment lie together, step after step of the
 * reduction, and the last segment is filled up with zeros to whole vectors. So every vector lies in one cache line, and the rows of a
 * segment follow each other. Buffers: B, packed B.
 */
export function packKernel(plan: ContractionPlan, columns: number): Kernel {
  const { reduction, lanes, vectors, fullSegments, restVectors } = plan;
  const segment = vectors * lanes;
  const depth = depthOf(plan);
  const k = new KernelBuilder("pack");
  const b = k.buffer("b", "f32");
  const packed = k.buffer("packed", "f32", true);
  const copy = (step: Expression, column: Expression, width: number, valid: number): void => {
    const sizes = packedStrides(plan, 1);
    const from = reduction.reduce<Expression>(
      (at, { size, b: stride }, d) => add(at, mul(rem(div(step, sizes[d]!), size), stride)),
      column,
    );
    const start = k.let(from);
    const to = k.let(add(mul(column, depth), mul(step, width)));
    if (valid < width) k.store(packed, add(to, width - lanes), constant("f32", 0, lanes));
    for (const w of pieces(valid, lanes)) k.store(packed, add(to, w.at), k.load(b, add(start, w.at), w.lanes));
  };
  k.parallel(depth, (step) => {
    k.for(0, fullSegments * segment, segment, (column) => copy(step, column, segment, segment));
    const first = fullSegments * segment;
    if (restVectors > 0) copy(step, constant("i32", first), restVectors * lanes, columns - first);
  });
  return k.finish();
}
