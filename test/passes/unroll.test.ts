import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { unroll } from "../../src/passes/unroll.js";
import { runGraph } from "./run_graph.js";

/** state = tanh(state w + a - b), with two sequences, one captured weight and a step output; over steps. */
function recurrent(steps: number, reverse: boolean): Graph {
  const cell = new GraphBuilder("cell");
  const state = cell.input("state", tensor("f32", [2, 3]));
  const a = cell.input("a", tensor("f32", [2, 3]));
  const b = cell.input("b", tensor("f32", [3]));
  const w = cell.input("w", tensor("f32", [3, 3]));
  const next = cell.op("tanh", [cell.op("sub", [cell.op("add", [cell.op("dense", [state, w]), a]), b])]);
  cell.output("state", next);
  cell.output("square", cell.op("square", [next]));

  const builder = new GraphBuilder("g");
  const x = builder.input("x", tensor("f32", [steps, 2, 3]));
  const z = builder.input("z", tensor("f32", [steps, 3]));
  const weight = builder.input("w", tensor("f32", [3, 3]));
  const start = builder.input("start", tensor("f32", [2, 3]));
  const [last, squares] = builder.apply("scan", [start, x, z, weight], { states: 1, sequences: 2, reverse }, cell.finish());
  builder.output("last", last);
  builder.output("squares", builder.op("neg", [squares]));
  return builder.finish();
}

function draws(count: number, seed: number): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.between(-1, 1));
}

describe("scan unrolled", () => {
  for (const steps of [1, 2, 9])
    for (const reverse of [false, true])
      it(`${steps} steps${reverse ? ", backwards" : ""}: the same bits`, async () => {
        const graph = recurrent(steps, reverse);
        const flat = unroll(graph);
        verifyGraph(flat);
        expect(flat.nodes.some((n) => n.op === "scan")).toBe(false);
        const inputs = { x: draws(steps * 6, 1), z: draws(steps * 3, 2), w: draws(9, 3), start: draws(6, 4) };
        expect(await runGraph(flat, inputs)).toEqual(await runGraph(graph, inputs));
      });

  it("a scan within a scan", async () => {
    const inner = new GraphBuilder("inner");
    const sum = inner.input("sum", tensor("f32", [2]));
    const step = inner.input("x", tensor("f32", [2]));
    inner.output("sum", inner.op("add", [inner.op("affine", [sum], { scale: 0.5, offset: 0 }), step]));
    const outer = new GraphBuilder("outer");
    const state = outer.input("state", tensor("f32", [2]));
    const rows = outer.input("rows", tensor("f32", [4, 2]));
    const [result] = outer.apply("scan", [state, rows], { states: 1, sequences: 1, reverse: false }, inner.finish());
    outer.output("state", result);
    const builder = new GraphBuilder("g");
    const x = builder.input("x", tensor("f32", [3, 4, 2]));
    const start = builder.input("start", tensor("f32", [2]));
    const [last] = builder.apply("scan", [start, x], { states: 1, sequences: 1, reverse: false }, outer.finish());
    builder.output("last", last);
    const graph = builder.finish();
    const flat = unroll(graph);
    verifyGraph(flat);
    const inputs = { x: draws(24, 1), start: draws(2, 2) };
    expect(flat.nodes.filter((n) => n.op === "affine")).toHaveLength(12);
    expect(await runGraph(flat, inputs)).toEqual(await runGraph(graph, inputs));
  });

  it("leaves graphs without scan alone, and refuses a loop without end", () => {
    const builder = new GraphBuilder("g");
    builder.output("y", builder.op("relu", [builder.input("x", tensor("f32", [1]))]));
    const graph = builder.finish();
    expect(unroll(graph)).toBe(graph);
    expect(() => unroll(recurrent(100_000, false))).toThrow(UserError);
  });
});
