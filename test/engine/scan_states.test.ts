import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { optimize } from "../../src/passes/optimize.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? (["native"] as const) : [])] as const;
const steps = 5;
const width = 3;
const type = tensor("f32", [1, width]);

interface Step {
  /** New states, and what the step gives. */
  readonly states: readonly Value[];
  readonly results: readonly Value[];
}

/** Two states that begin at a and b, and a sequence x. */
function scanOf(
  step: (cell: GraphBuilder, s: Value, t: Value, x: Value) => Step,
  { reverse = false, length = steps }: { reverse?: boolean; length?: number } = {},
): Graph {
  const cell = new GraphBuilder("cell");
  const [s, t] = [cell.input("s", type), cell.input("t", type)];
  const { states, results } = step(cell, s, t, cell.input("x", type));
  states.forEach((v, i) => cell.output(`state${i}`, v));
  results.forEach((v, i) => cell.output(`result${i}`, v));
  const g = new GraphBuilder("scan");
  const inputs = [g.input("a", type), g.input("b", type), g.input("x", tensor("f32", [length, 1, width]))];
  const attributes = { states: 2, sequences: 1, reverse };
  g.apply("scan", inputs, attributes, cell.finish()).forEach((v, i) => g.output(`y${i}`, v));
  return g.finish();
}

async function run(graph: Graph, target: (typeof targets)[number]): Promise<number[][]> {
  const program = await compile(graph, { target, threads: 1 });
  program.write("a", [1, 2, 3]);
  program.write("b", [10, 20, 30]);
  program.write(
    "x",
    Array.from({ length: program.read("x").length }, (_, i) => 100 * (i + 1)),
  );
  program.run();
  const found = graph.outputs.map(({ name }) => [...program.read(name)]);
  program.close();
  return found;
}

const row = (from: number): number[] => Array.from({ length: width }, (_, i) => 100 * (from * width + i + 1));

// States are written over in place: no value that a later step, result or state needs may be lost.
describe.each(targets)("states of a scan on %s", (target) => {
  it("change places", async () => {
    const graph = scanOf((cell, s, t, x) => ({ states: [t, s], results: [cell.op("add", [s, x])] }));
    const [first, second, sums] = await run(optimize(graph), target);
    expect([first, second]).toEqual([
      [10, 20, 30],
      [1, 2, 3],
    ]);
    const a = [1, 2, 3];
    const b = [10, 20, 30];
    expect(sums).toEqual([0, 1, 2, 3, 4].flatMap((n) => row(n).map((v, i) => v + (n % 2 === 0 ? a : b)[i]!)));
  });

  it("hold what came before, and before that", async () => {
    const graph = scanOf((cell, s, t, x) => ({ states: [cell.op("affine", [x], { scale: 1, offset: 0 }), s], results: [t, s] }));
    const [last, lastButOne, delayed2, delayed1] = await run(optimize(graph), target);
    expect([last, lastButOne]).toEqual([row(4), row(3)]);
    expect(delayed2).toEqual([[10, 20, 30], [1, 2, 3], row(0), row(1), row(2)].flat());
    expect(delayed1).toEqual([[1, 2, 3], row(0), row(1), row(2), row(3)].flat());
  });

  it.each([
    { reverse: false, length: steps },
    { reverse: true, length: steps },
    { reverse: false, length: 1 },
    { reverse: true, length: 2 },
  ])("are recorded as the cell takes them, %o", async ({ reverse, length }) => {
    // One state is added up and recorded, the other is the first one's double of the step before.
    const graph = scanOf(
      (cell, s, t, x) => ({
        states: [cell.op("add", [s, x]), cell.op("affine", [s], { scale: 2, offset: 0 })],
        results: [s, cell.op("add", [s, t]), t],
      }),
      { reverse, length },
    );
    const found = await run(optimize(graph), target);
    let [sum, double] = [
      [1, 2, 3],
      [10, 20, 30],
    ];
    const results: number[][][] = [[], [], []];
    for (const n of Array.from({ length }, (_, i) => (reverse ? length - 1 - i : i))) {
      const step = [sum, sum.map((v, i) => v + double[i]!), double];
      step.forEach((values, i) => (results[i]![n] = values));
      [sum, double] = [sum.map((v, i) => v + row(n)[i]!), sum.map((v) => 2 * v)];
    }
    expect(found).toEqual([sum, double, ...results.map((list) => list.flat())]);
  });

  it("change places while they are recorded", async () => {
    const graph = scanOf((_, s, t) => ({ states: [t, s], results: [s, t] }));
    const [first, second, before, beforeToo] = await run(optimize(graph), target);
    const [a, b] = [
      [1, 2, 3],
      [10, 20, 30],
    ];
    expect([first, second]).toEqual([b, a]);
    expect(before).toEqual([a, b, a, b, a].flat());
    expect(beforeToo).toEqual([b, a, b, a, b].flat());
  });

  it("are read after the new one is known, and seen in another shape", async () => {
    const graph = scanOf((cell, s, t, x) => {
      const next = cell.op("add", [s, x]);
      const difference = cell.op("sub", [cell.op("transpose", [next], { permutation: [0, 1] }), s]);
      return { states: [next, difference], results: [cell.op("reshape", [s], { shape: [width] }), cell.op("add", [t, x])] };
    });
    const [sum, difference, seen, sums] = await run(optimize(graph), target);
    const totals = [0, 1, 2, 3, 4].map((n) => [0, 1, 2].map((i) => i + 1 + sumTo(n, i)));
    expect(sum).toEqual(totals[4]);
    expect(difference).toEqual(row(4));
    expect(seen).toEqual([[1, 2, 3], ...totals.slice(0, 4)].flat());
    expect(sums).toEqual([0, 1, 2, 3, 4].flatMap((n) => row(n).map((v, i) => v + (n === 0 ? [10, 20, 30][i]! : row(n - 1)[i]!))));
  });
});

/** Sum of a column of x up to a step. */
const sumTo = (step: number, column: number): number =>
  Array.from({ length: step + 1 }, (_, n) => row(n)[column]!).reduce((a, b) => a + b, 0);
