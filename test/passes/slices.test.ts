import { expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { differentiate } from "../../src/passes/autodiff.js";
import { fuse } from "../../src/passes/fuse.js";
import { joinSlices } from "../../src/passes/join_slices.js";
import { sliceEarly } from "../../src/passes/slice_early.js";
import { runGraph } from "./run_graph.js";

const numbers = (count: number, seed: number): Float32Array => {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};
const opsOf = (graph: Graph): string[] => graph.nodes.map((n) => n.op);
const columns = (g: GraphBuilder, x: Value, from: number, to: number): Value =>
  g.op("slice", [x], { begin: [0, from], end: [2 ** 31 - 1, to], strides: [1, 1] });

/** tanh of two columns and the fourth times the other two, of sigmoid(x + b) [3, 4]; and its gradient for x. */
function gates(cut: readonly [number, number][]): { plain: Graph; gradient: Graph } {
  const build = (whole?: Value): { g: GraphBuilder; x: Value; parts: Value[] } => {
    const g = new GraphBuilder("gates");
    const x = g.input("x", tensor("f32", [3, 4]));
    const b = g.input("b", tensor("f32", [4]));
    const y = whole ?? g.op("sigmoid", [g.op("add", [x, b])]);
    return { g, x, parts: cut.map(([from, to]) => columns(g, y, from, to)) };
  };
  const plain = build();
  plain.parts.forEach((p, i) => plain.g.output(`y${i}`, plain.g.op("tanh", [p])));
  const { g, x, parts } = build();
  const seeds = new Map(parts.map((p, i) => [p, g.op("affine", [p], { scale: i + 1, offset: 0 })]));
  g.output("dx", differentiate(g, { nodes: [...g.nodes], seeds, wanted: [x] }).get(x)!);
  return { plain: plain.g.finish(), gradient: g.finish() };
}

const inputs = { x: numbers(12, 1), b: numbers(4, 2) };

test("slices go before element-wise nodes, and change no bit", async () => {
  const { plain } = gates([
    [0, 2],
    [2, 3],
    [3, 4],
  ]);
  const early = sliceEarly(plain);
  verifyGraph(early);
  const ops = opsOf(early);
  expect(ops.filter((op) => op === "sigmoid")).toHaveLength(3);
  expect(ops.lastIndexOf("slice")).toBeLessThan(ops.length - 1);
  const produced = new Map(early.nodes.flatMap((n) => n.outputs.map((v) => [v, n.op])));
  for (const node of early.nodes) if (node.op === "slice") expect(produced.get(node.inputs[0]!)).toBeUndefined();
  expect(await runGraph(early, inputs)).toEqual(await runGraph(plain, inputs));
});

test("a value that overlapping slices look at is computed once", () => {
  const { plain } = gates([
    [0, 3],
    [1, 4],
  ]);
  expect(opsOf(sliceEarly(plain)).filter((op) => op === "sigmoid")).toHaveLength(1);
});

test("gradients of slices that fill an axis are joined, others are added", async () => {
  const full = gates([
    [2, 4],
    [0, 2],
  ]).gradient;
  const joined = joinSlices(full);
  verifyGraph(joined);
  expect(opsOf(joined)).toContain("concat");
  expect(opsOf(joined)).not.toContain("unslice");
  expect(await runGraph(joined, inputs)).toEqual(await runGraph(full, inputs));
  for (const cut of [
    [
      [0, 2],
      [3, 4],
    ],
    [
      [0, 3],
      [2, 4],
    ],
  ] as const) {
    const { gradient } = gates(cut.map(([a, b]) => [a, b]));
    expect(joinSlices(gradient)).toBe(gradient);
  }
});

/** Halves of a value change places, with a bias: every element of the result lies where another operand's element lay. */
function swapped(): Graph {
  const g = new GraphBuilder("swapped");
  const x = g.input("x", tensor("f32", [3, 4]));
  const b = g.input("b", tensor("f32", [4]));
  const y = g.op("transpose", [x], { permutation: [0, 1] });
  const low = g.op("add", [columns(g, y, 0, 2), columns(g, b1(g, b), 0, 2)]);
  const high = g.op("mul", [columns(g, y, 2, 4), low]);
  const both = g.op("concat", [high, low], { axis: -1 });
  g.output("both", g.op("transpose", [both], { permutation: [1, 0] }));
  g.output("high", g.op("sum", [high], { axes: [0], keep: false }));
  return g.finish();
}
const b1 = (g: GraphBuilder, b: Value): Value => g.op("reshape", [b], { shape: [1, 4] });

for (const target of ["oracle", "wasm", ...(nativeCompiler() ? (["native"] as const) : [])] as const)
  test(`a loop reads slices and writes concats where they lie: ${target}`, async () => {
    const plain = swapped();
    const fused = fuse(plain);
    verifyGraph(fused);
    expect(opsOf(fused).filter((op) => op === "slice" || op === "concat")).toEqual([]);
    expect(opsOf(fused).filter((op) => op === "fused")).toHaveLength(1);
    expect(await runGraph(fused, inputs, new Map(), target)).toEqual(await runGraph(plain, inputs, new Map(), target));
  });

test("the mask of a relu's gradient belongs to the loop that uses it", () => {
  const g = new GraphBuilder("mask");
  const x = g.input("x", tensor("f32", [3, 4]));
  const w = g.input("w", tensor("f32", [4, 4]));
  const y = g.op("relu", [g.op("affine", [x], { scale: 2, offset: 1 })]);
  const z = g.op("dense", [y, w]);
  g.output("dx", g.op("mul", [z, g.op("step", [y])]));
  const bodies = fuse(g.finish()).nodes.flatMap((n) => (n.body ? [n.body.nodes.map((m) => m.op)] : []));
  expect(bodies).toEqual([
    ["affine", "relu"],
    ["step", "mul"],
  ]);
});
