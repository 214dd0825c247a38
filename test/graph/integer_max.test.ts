import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import type { TargetName } from "../../src/engine/program.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { quantizedType } from "../../src/graph/quantized.js";
import { type Graph, sizeOf } from "../../src/graph/types.js";
import { otherTargets } from "./op_check.js";

const targets: TargetName[] = ["oracle", ...otherTargets];
const scale = { scale: 0.1, zeroPoint: 0 };

function drawn(dtype: "i8" | "i16", count: number, seed: number): Int8Array | Int16Array {
  const random = new RandomStream(seed);
  const limit = dtype === "i8" ? 128 : 32768;
  const values = Array.from({ length: count }, () => Math.floor(random.between(-limit, limit)));
  return dtype === "i8" ? Int8Array.from(values) : Int16Array.from(values);
}

async function results(graph: Graph, target: TargetName, inputs: Record<string, ArrayLike<number>>): Promise<number[]> {
  const program = await compile(graph, { target });
  for (const [name, values] of Object.entries(inputs)) program.write(name, values);
  program.run();
  const found = [...program.view("y")];
  program.close();
  return found;
}

describe.each(["i8", "i16"] as const)("the largest of %s", (dtype) => {
  it.each([
    [[2, 5, 3], [1], true],
    [[2, 5, 3], [0, 2], false],
    [[1, 4, 3, 7], [1, 2], false],
    [[3, 33], [-1], false],
  ] as const)("of %j over %j, keep %s", async (shape, axes, keep) => {
    const g = new GraphBuilder("largest");
    const y = g.op("quantized_max", [g.input("x", quantizedType(dtype, shape, scale))], { axes: [...axes], keep });
    g.output("y", y);
    const graph = g.finish();
    const x = drawn(dtype, sizeOf(shape), 3);
    const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
    const wanted = new Map<string, number>();
    x.forEach((value, i) => {
      const place = shape.map((n, d) => Math.floor(i / sizeOf(shape.slice(d + 1))) % n);
      const key = place.filter((_, d) => !reduced.has(d)).join();
      wanted.set(key, Math.max(wanted.get(key) ?? -Infinity, value));
    });
    expect(y.type.quantization).toEqual({ scale: [0.1], zeroPoint: [0] });
    for (const target of targets) expect(await results(graph, target, { x })).toEqual([...wanted.values()]);
  });

  it("of two tensors that broadcast", async () => {
    const g = new GraphBuilder("larger");
    const inputs = [g.input("a", quantizedType(dtype, [2, 1, 9], scale)), g.input("b", quantizedType(dtype, [5, 9], scale))];
    g.output("y", g.op("quantized_maximum", inputs));
    const graph = g.finish();
    const [a, b] = [drawn(dtype, 18, 4), drawn(dtype, 45, 5)];
    const wanted = Array.from({ length: 90 }, (_, i) =>
      Math.max(a[9 * Math.floor(i / 45) + (i % 9)] as number, b[i % 45] as number),
    );
    for (const target of targets) expect(await results(graph, target, { a, b })).toEqual(wanted);
  });

  it("is not taken of two scales", () => {
    const g = new GraphBuilder("scales");
    const other = g.input("b", quantizedType(dtype, [3], { scale: 0.2, zeroPoint: 0 }));
    expect(() => g.op("quantized_maximum", [g.input("a", quantizedType(dtype, [3], scale)), other])).toThrow(/at the same scale/);
  });
});
