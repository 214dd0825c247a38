import { expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { differentiate } from "../../src/passes/autodiff.js";
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
