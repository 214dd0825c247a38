import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";
import { readsAcross } from "../../src/kernels/contraction_across.js";
import { planContraction } from "../../src/kernels/contraction_plan.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? ["native"] : [])] as ("oracle" | "wasm" | "native")[];

const noise = (key: number, n: number): Float32Array => {
  const random = new RandomStream(key);
  return Float32Array.from({ length: n }, () => random.normal());
};

/** a[rows, inner] b[inner, columns] in double precision, or a transposed [inner, rows]. */
function product(
  a: Float32Array,
  b: Float32Array,
  rows: number,
  inner: number,
  columns: number,
  transposed: boolean,
): Float64Array {
  const c = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++) {
      const x = a[transposed ? k * rows + i : i * inner + k] as number;
      for (let j = 0; j < columns; j++) c[i * columns + j]! += x * (b[k * columns + j] as number);
    }
  return c;
}

async function run(
  op: string,
  shapes: [number[], number[]],
  data: [Float32Array, Float32Array],
  target: (typeof targets)[number],
  threads: number,
) {
  const g = new GraphBuilder("product");
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, tensor("f32", shape)));
  g.output("y", g.op(op, inputs));
  const program = await compile(g.finish(), { target, threads });
  data.forEach((values, i) => program.write(`x${i}`, values));
  program.run();
  const y = program.read("y").slice();
  program.close();
  return y;
}

const worst = (found: Float32Array, wanted: Float64Array): number =>
  found.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] as number))), 0);

// Rows, inner size, columns: whole blocks, rests of rows and columns, several chunks, slices, few rows.
const sizes: [number, number, number][] = [
  [64, 64, 64],
  [100, 256, 384],
  [100, 400, 384],
  [37, 300, 150],
  [26, 2100, 70],
  [64, 5000, 64],
  [26, 9000, 67],
  [3, 700, 200],
];

describe.each(targets)("contraction on %s", (target) => {
  it.each(sizes)("%i x %i x %i equals the product in double precision", async (rows, inner, columns) => {
    const a = noise(1, rows * inner);
    const b = noise(2, inner * columns);
    const plain = await run(
      "dense",
      [
        [rows, inner],
        [inner, columns],
      ],
      [a, b],
      target,
      1,
    );
    expect(worst(plain, product(a, b, rows, inner, columns, false))).toBeLessThan(2e-5 * Math.sqrt(inner));
    const gradient = await run(
      "dense_weight_gradient",
      [
        [inner, rows],
        [inner, columns],
      ],
      [a, b],
      target,
      1,
    );
    expect(worst(gradient, product(a, b, rows, inner, columns, true))).toBeLessThan(2e-5 * Math.sqrt(inner));
  });

  if (target !== "native") return;
  it.each(sizes)("%i x %i x %i has the same bits on 1, 2 and 3 threads", async (rows, inner, columns) => {
    const data: [Float32Array, Float32Array] = [noise(3, inner * rows), noise(4, inner * columns)];
    for (const [op, left] of [
      ["dense_weight_gradient", [inner, rows]],
      ["dense", [rows, inner]],
    ] as const) {
      const shapes: [number[], number[]] = [[...left], [inner, columns]];
      const one = await run(op, shapes, data, target, 1);
      for (const threads of [2, 3]) expect(await run(op, shapes, data, target, threads)).toEqual(one);
    }
  });
});

/** Rows, inner size, columns: panels of whole and of cut reductions, rests, and products that take a copy. */
const acrossSizes: [number, number, number][] = [
  [100, 436, 436],
  [37, 436, 310],
  [160, 430, 448],
  [100, 256, 384],
  [3, 700, 200],
  [20, 33, 19],
];

/** Results of all products of the sizes, with B as it is or across. */
async function acrossOrNot(target: (typeof targets)[number], threads: number, transposed: boolean): Promise<Float32Array[]> {
  const g = new GraphBuilder("products");
  acrossSizes.forEach(([rows, inner, columns], i) => {
    const a = g.input(`a${i}`, tensor("f32", [rows, inner]));
    const b = g.input(`b${i}`, tensor("f32", transposed ? [columns, inner] : [inner, columns]));
    g.output(`c${i}`, g.op("dense", [a, b], transposed ? { transposed } : {}));
  });
  const program = await compile(g.finish(), { target, threads });
  acrossSizes.forEach(([rows, inner, columns], i) => {
    const b = noise(9, inner * columns);
    program.write(`a${i}`, noise(8, rows * inner));
    program.write(`b${i}`, transposed ? b.map((_, n) => b[(n % inner) * columns + Math.floor(n / inner)]!) : b);
  });
  program.run();
  const results = acrossSizes.map((_, i) => program.read(`c${i}`).slice());
  program.close();
  return results;
}

it.each(targets)("products with B across have the bits of those with B turned before, on %s", async (target) => {
  const expected = await acrossOrNot(target, 1, false);
  for (const threads of target === "oracle" ? [1] : [1, 2, 3]) expect(await acrossOrNot(target, threads, true)).toEqual(expected);
});

describe.each(targets)("contractions of odd sizes on %s", (target) => {
  const random = new RandomStream(5);
  const odd = Array.from(
    { length: 16 },
    () => [80, 700, 150].map((most) => 1 + random.integer(most)) as [number, number, number],
  );

  it(`${odd.map((s) => s.join(" x ")).join(", ")} equal the products in double precision`, async () => {
    const g = new GraphBuilder("products");
    odd.forEach(([rows, inner, columns], i) => {
      const b = g.input(`b${i}`, tensor("f32", [inner, columns]));
      g.output(`plain${i}`, g.op("dense", [g.input(`a${i}`, tensor("f32", [rows, inner])), b]));
      g.output(`turned${i}`, g.op("dense_weight_gradient", [g.input(`t${i}`, tensor("f32", [inner, rows])), b]));
    });
    const program = await compile(g.finish(), { target });
    odd.forEach(([rows, inner, columns], i) => {
      program.write(`a${i}`, noise(6, rows * inner));
      program.write(`t${i}`, noise(6, rows * inner));
      program.write(`b${i}`, noise(7, inner * columns));
    });
    program.run();
    odd.forEach(([rows, inner, columns], i) => {
      const [a, b] = [noise(6, rows * inner), noise(7, inner * columns)];
      const bound = 2e-5 * Math.sqrt(inner);
      expect(worst(program.read(`plain${i}`), product(a, b, rows, inner, columns, false))).toBeLessThan(bound);
      expect(worst(program.read(`turned${i}`), product(a, b, rows, inner, columns, true))).toBeLessThan(bound);
    });
    program.close();
  });
});

it("the sizes above use every way through the kernel", () => {
  const plans = [4, 8, 16].map((lanes) =>
    sizes.map(([rows, inner, columns]) =>
      planContraction(
        {
          element: "f32",
          rows: [{ size: rows, a: 1, c: columns }],
          reduction: [{ size: inner, a: rows, b: columns }],
          columns,
        },
        lanes,
        lanes === 16 ? 32 : 16,
      ),
    ),
  );
  for (const list of plans) {
    expect(list.some((p) => !p.blocking)).toBe(true);
    expect(list.some((p) => p.blocking && p.blocking.panel > 0)).toBe(true);
    expect(list.some((p) => p.blocking && p.blocking.slices > 1)).toBe(true);
    expect(list.some((p) => p.blocking && p.blocking.leftStride > 0)).toBe(true);
    expect(list.some((p) => p.blocking && p.rest.length > 0)).toBe(true);
  }
});

it.each([4, 8, 16])("some of the products with B across read it so with %i lanes, some take a copy", (lanes) => {
  const plans = acrossSizes.map(([size, inner, columns]) => {
    const spec = { rows: [{ size, a: inner, c: columns }], reduction: [{ size: inner, a: 1, b: columns }], columns };
    return planContraction({ element: "f32", ...spec }, lanes, lanes === 16 ? 32 : 16);
  });
  const across = plans.filter(readsAcross);
  expect(across.some((p) => p.rest.length > 0)).toBe(true);
  expect(across.length).toBeLessThan(plans.length);
  if (lanes === 16) expect(across.filter((p) => p.blocking!.chunk < p.reduction[0]!.size)).toHaveLength(1);
});
