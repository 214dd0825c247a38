import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { startingByItself } from "../../src/passes/self_starting.js";
import { otherTargets } from "./op_check.js";

const quantization = { scale: [0.5], zeroPoint: [-7] };

/** Adds what comes to a sum of int8, and counts. */
function running() {
  const g = new GraphBuilder("running");
  const type = { dtype: "i8", shape: [1, 5], quantization } as const;
  const x = g.input("x", type);
  const state = g.state("sum", type);
  const sum = g.op("quantized_add", [state, x], { outputScale: 0.5, outputZeroPoint: -7, outputType: "i8" });
  g.setState(state, sum);
  g.output("y", sum);
  return g.finish();
}

describe("whole numbers and choices", () => {
  for (const target of ["oracle", ...otherTargets] as const) {
    it(`choose between int8 values by comparing counts, on ${target}`, async () => {
      const g = new GraphBuilder("choice");
      const count = g.input("count", { dtype: "i32", shape: [1, 3, 1] });
      const wanted = g.input("wanted", { dtype: "i32", shape: [1] });
      const a = g.input("a", { dtype: "i8", shape: [1, 3, 19], quantization });
      const b = g.input("b", { dtype: "i8", shape: [1, 1, 1], quantization });
      g.output("y", g.op("select", [g.op("equal", [count, wanted]), a, b]));
      g.output("next", g.op("minimum", [g.op("add", [count, wanted]), wanted]));
      const program = await compile(g.finish(), { target });
      program.write("count", Int32Array.of(4, -2, 5));
      program.write("wanted", Int32Array.of(5));
      program.write(
        "a",
        Int8Array.from({ length: 57 }, (_, i) => i - 30),
      );
      program.write("b", Int8Array.of(-128));
      program.run();
      expect([...program.view("y")]).toEqual(Array.from({ length: 57 }, (_, i) => (i < 38 ? -128 : i - 30)));
      expect([...program.view("next")]).toEqual([5, 3, 5]);
      program.close();
    });

    it(`a step that sets its states back by itself, on ${target}`, async () => {
      const { graph, parameters } = startingByItself({ graph: running(), parameters: new Map() }, new Map([["sum", 3]]));
      const program = await compile(graph, { target });
      for (const { name } of graph.parameters) program.write(name, parameters.get(name)!);
      program.write("sum", Int8Array.of(-7, -7, -7, -7, -7));
      program.write("stream.step", Int32Array.of(0));
      const sums: number[] = [];
      for (let run = 0; run < 7; run++) {
        program.write("x", Int8Array.of(-6, 0, 0, 0, 0));
        program.run();
        sums.push(program.view("y")[0]! + 7);
      }
      expect(sums).toEqual([1, 2, 3, 1, 2, 3, 4]);
      expect([...program.view("stream.step")]).toEqual([4]);
      program.close();
    });
  }

  it("refuse values of different scales and conditions of bytes", () => {
    const g = new GraphBuilder("wrong");
    const byte = g.input("a", { dtype: "i8", shape: [3], quantization });
    const other = g.input("b", { dtype: "i8", shape: [3], quantization: { scale: [0.25], zeroPoint: [0] } });
    const condition = g.input("c", { dtype: "f32", shape: [3] });
    expect(() => g.op("select", [condition, byte, other])).toThrow(/different quantizations/);
    expect(() => g.op("select", [byte, byte, byte])).toThrow(/a condition of f32, f64 or i32, found i8/);
  });
});
