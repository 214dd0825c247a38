import {
  add,
  type Buffer,
  constant,
  div,
  type ElementType,
  type Expression,
  type Kernel,
  KernelBuilder,
  mul,
  rem,
  widen,
} from "./language.js";

/** How one operand of a map lies in memory, aligned to the output's dimensions; stride 0 repeats. Strides and offset in elements. */
export interface MapOperand {
  readonly element: ElementType;
  readonly strides: readonly number[];
  readonly offset: number;
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

/** Elements one iteration of a one-dimensional map handles. */
const unrolled = 4;

/** Vector widths that cover n elements: wide ones first, then narrower down to single elements. */
export function pieces(n: number, lanes: number): { at: number; lanes: number }[] {
  const list: { at: number; lanes: number }[] = [];
  let at = 0;
  for (let width = lanes; width >= 1; width = width > 4 ? width / 2 : width === 1 ? 0 : 1) {
    for (; at + width <= n; at += width) list.push({ at, lanes: width });
    if (width === 1) break;
  }
  return list;
}

/** The kernel of a map; buffers are the inputs, then the outputs. */
export function mapKernel(spec: MapSpecification, lanes: number): Kernel {
  const k = new KernelBuilder("map");
  const inputs = spec.inputs.map((operand, i) => k.buffer(`x${i}_`, operand.element));
  const outputs = spec.outputs.map((operand, i) => k.buffer(`y${i}_`, operand.element, true));
  const operands = [...spec.inputs, ...spec.outputs];
  const { sizes, strides } = collapse(
    spec.shape,
    operands.map((o) => o.strides),
  );
  const inner = sizes[sizes.length - 1] as number;
  const outer = sizes.slice(0, -1);
  const innerStrides = strides.map((s) => s[s.length - 1] as number);
  const vectorizes = innerStrides.every((s, i) => s === 1 || (s === 0 && i < inputs.length));
  const wide = vectorizes && operands.every((o) => o.element === "f32" || o.element === "i32") ? lanes : 1;

  const place = (bases: readonly Expression[], j: Expression, width: number): void => {
    const loaded = inputs.map((buffer: Buffer, i) => {
      const stride = innerStrides[i] as number;
      const base = add(bases[i] as Expression, (spec.inputs[i] as MapOperand).offset);
      return stride === 0
        ? widen(k.let(k.load(buffer, base)), width)
        : k.let(k.load(buffer, add(base, stride === 1 ? j : mul(j, stride)), width));
    });
    const results = spec.body(k, loaded);
    outputs.forEach((buffer, i) => {
      const o = inputs.length + i;
      const base = add(bases[o] as Expression, (operands[o] as MapOperand).offset);
      k.store(buffer, add(base, mul(j, innerStrides[o] as number)), widen(results[i] as Expression, width));
    });
  };

  if (outer.length === 0) {
    const block = wide * unrolled;
    const full = Math.floor(inner / block);
    const zero = constant("i32", 0);
    const bases = strides.map(() => zero);
    k.parallel(Math.max(1, full), (p) => {
      const start = k.let(mul(p, block));
      if (full > 0) for (let u = 0; u < unrolled; u++) place(bases, add(start, u * wide), wide);
      const rest = inner - full * block;
      if (rest === 0) return;
      const tail = (): void => {
        for (const piece of pieces(rest, wide)) place(bases, constant("i32", full * block + piece.at), piece.lanes);
      };
      if (full <= 1) tail();
      else k.if({ kind: "binary", type: "mask", lanes: 1, operator: "eq", left: p, right: constant("i32", full - 1) }, tail);
    });
    return k.finish();
  }

  const extent = outer.reduce((a, b) => a * b, 1);
  k.parallel(extent, (p) => {
    const indices: Expression[] = [];
    let left = p;
    for (let d = outer.length - 1; d > 0; d--) {
      indices[d] = k.let(rem(left, outer[d] as number));
      left = k.let(div(left, outer[d] as number));
    }
    indices[0] = left;
    const bases = strides.map((s) => {
      let base: Expression = constant("i32", 0);
      for (let d = 0; d < outer.length; d++) base = add(base, mul(indices[d] as Expression, s[d] as number));
      return k.let(base);
    });
    const full = Math.floor(inner / wide);
    if (full > 0) k.for(0, full * wide, wide, (j) => place(bases, j, wide));
    for (const piece of pieces(inner - full * wide, wide)) place(bases, constant("i32", full * wide + piece.at), piece.lanes);
  });
  return k.finish();
}
