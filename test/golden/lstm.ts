import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { type GoldenCase, tensorOf } from "./read_golden.js";

/** A cell with two states, to hold the gradient of scan against originals: gates i, f, c, o (Hochreiter and Schmidhuber 1997). */
function lstmCell(batch: number, units: number): Graph {
  const g = new GraphBuilder("lstm");
  const [h, c] = ["h", "c"].map((name) => g.input(name, tensor("f32", [batch, units]))) as [Value, Value];
  const projected = g.input("projected", tensor("f32", [batch, 4 * units]));
  const kernel = g.input("recurrent_kernel", tensor("f32", [units, 4 * units]));
  const sum = g.op("add", [projected, g.op("dense", [h, kernel])]);
  const gate = (op: string, i: number): Value =>
    g.op(op, [g.op("slice", [sum], { begin: [0, i * units], end: [batch, (i + 1) * units], strides: [1, 1] })]);
  const kept = g.op("mul", [gate("sigmoid", 1), c]);
  const memory = g.op("add", [kept, g.op("mul", [gate("sigmoid", 0), gate("tanh", 2)])]);
  const next = g.op("mul", [gate("sigmoid", 3), g.op("tanh", [memory])]);
  for (const [name, value] of [
    ["h", next],
    ["c", memory],
    ["y", next],
  ] as const)
    g.output(name, value);
  return g.finish();
}

/** A case of an LSTM layer as a scan over time. */
export function lstm(g: GraphBuilder, c: GoldenCase, input: (name: string) => Value): Record<string, Value> {
  const batch = tensorOf(c.inputs, "x").shape[0] as number;
  const units = c.attributes["units"] as number;
  const start = (name: string): Value => (c.inputs.has(name) ? input(name) : g.op("zeros", [input("x")], { shape: [0, units] }));
  const timeMajor = g.op("transpose", [input("x")], { permutation: [1, 0, 2] });
  const projected = g.op("add", [g.op("dense", [timeMajor, input("kernel")]), input("bias")]);
  const attributes = { states: 2, sequences: 1, reverse: false };
  const results = g.apply(
    "scan",
    [start("h0"), start("c0"), projected, input("recurrentKernel")],
    attributes,
    lstmCell(batch, units),
  );
  return { y: g.op("transpose", [results[2] as Value], { permutation: [1, 0, 2] }), cLast: results[1] as Value };
}
