import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? (["native"] as const) : [])] as const;
const count = 37;
/** Among whole vectors, and in the rest behind them. */
const places = [3, 17, 36];

const ops: [op: string, attributes?: Record<string, number>][] = [
  ["relu"],
  ["clamp", { low: 0, high: 6 }],
  ["sigmoid"],
  ["tanh"],
  ["exp"],
  ["log"],
  ["sqrt"],
  ["fake_quantize", { scale: 0.1, low: -128, high: 127 }],
];

// What diverges must be seen to diverge: PyTorch and TensorFlow keep NaN in all of these, too.
describe.each(targets)("NaN on %s", (target) => {
  it.each(ops)("stays where it is, and nowhere else: %s", async (op, attributes = {}) => {
    const builder = new GraphBuilder("nan");
    builder.output("y", builder.op(op, [builder.input("x", tensor("f32", [1, count]))], attributes));
    const program = await compile(builder.finish(), { target });
    program.write(
      "x",
      Float32Array.from({ length: count }, (_, i) => (places.includes(i) ? Number.NaN : 0.1 + i)),
    );
    program.run();
    expect(Array.from(program.read("y")).flatMap((y, i) => (Number.isNaN(y) ? [i] : []))).toEqual(places);
    program.close();
  });

  it("fills its row of a softmax", async () => {
    const builder = new GraphBuilder("nan");
    builder.output("y", builder.op("softmax", [builder.input("x", tensor("f32", [2, 5]))]));
    const program = await compile(builder.finish(), { target });
    program.write("x", Float32Array.of(1, 2, Number.NaN, 4, 5, 1, 2, 3, 4, 5));
    program.run();
    const y = Array.from(program.read("y"));
    expect(y.map((v) => Number.isNaN(v))).toEqual([true, true, true, true, true, false, false, false, false, false]);
    program.close();
  });

  it("is no infinity: what is too large for exp and log stays a number", async () => {
    const builder = new GraphBuilder("large");
    const x = builder.input("x", tensor("f32", [1, 4]));
    for (const op of ["exp", "log", "relu", "sigmoid", "tanh"]) builder.output(op, builder.op(op, [x]));
    const program = await compile(builder.finish(), { target });
    program.write("x", Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30));
    program.run();
    for (const op of ["exp", "log", "relu", "sigmoid", "tanh"])
      expect(
        Array.from(program.read(op)).some((v) => Number.isNaN(v)),
        op,
      ).toBe(false);
    program.close();
  });
});
