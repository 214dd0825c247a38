import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor } from "../../src/graph/types.js";
import { optimize } from "../../src/passes/optimize.js";

const rows = 33;
const steps = 3;

/** A cell that multiplies with weights, which can be packed once, and with a state, which changes from step to step. */
function recurrence(units: number): Graph {
  const type = tensor("f32", [rows, units]);
  const weights = tensor("f32", [units, units]);
  const cell = new GraphBuilder("cell");
  const state = cell.input("state", type);
  const changing = cell.input("changing", weights);
  const x = cell.input("x", type);
  const w = cell.input("w", weights);
  const product = cell.op("dense", [state, w]);
  const next = cell.op("tanh", [cell.op("add", [product, x])]);
  const other = cell.op("dense", [next, changing]);
  cell.output("state", next);
  cell.output("changing", cell.op("affine", [changing], { scale: 0.5, offset: 0.01 }));
  cell.output("y", cell.op("add", [other, x]));
  const g = new GraphBuilder("recurrence");
  const inputs = [
    g.input("start", type),
    g.input("first", weights),
    g.input("x", tensor("f32", [steps, rows, units])),
    g.input("w", weights),
  ];
  const attributes = { states: 2, sequences: 1, reverse: false };
  g.apply("scan", inputs, attributes, cell.finish()).forEach((v, i) => g.output(`y${i}`, v));
  return g.finish();
}

async function results(graph: Graph, target: "oracle" | "native", threads = 1): Promise<Float32Array[]> {
  const program = await compile(graph, { target, threads });
  const random = new RandomStream(3);
  for (const { name, value } of graph.inputs) {
    const { shape } = value.type;
    program.write(
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => random.normal() / Math.sqrt(shape[1]!)),
    );
  }
  program.run();
  const list = graph.outputs.map((o) => Float32Array.from(program.read(o.name)));
  program.close();
  return list;
}

describe("products with packed weights", () => {
  // Columns that fill no vector; weights that stay in a second-level cache and such that do not, whose reduction is cut.
  it.skipIf(!nativeCompiler()).each([70, 83, 430])(
    "of %i units give what the oracle gives, the same bits on two threads (needs a C compiler)",
    async (units) => {
      const graph = optimize(recurrence(units));
      const expected = await results(graph, "oracle");
      const found = await results(graph, "native");
      expect(await results(graph, "native", 2)).toEqual(found);
      found.forEach((values, i) => {
        const difference = values.reduce((most, v, j) => Math.max(most, Math.abs(v - expected[i]![j]!)), 0);
        expect(difference).toBeLessThan(1e-5);
      });
    },
  );
});
