import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor, type Value } from "../../src/graph/types.js";
import { buildTrainingStep } from "../../src/train/step.js";

/** Logits x A + x B + c, whose gradients are zero where the weights of the examples are. */
function model() {
  const g = new GraphBuilder("two_kernels");
  const x = g.input("features", tensor("f32", [2, 3]));
  const product = (name: string) => g.op("dense", [x, g.parameter(name, [3, 2], { kind: "ones" })]);
  const sum = g.op("add", [product("a.kernel"), product("b.kernel")]);
  g.output("logits", g.op("add", [sum, g.parameter("c.bias", [2], { kind: "ones" })]));
  return g.finish();
}

/** Parameters after a step of plain descent by rate 1 from ones, of a loss that is l2 alone. */
async function afterDecay(l2: number, l2Parameters?: readonly string[] | "all"): Promise<Record<string, number>> {
  const optimizer = { kind: "sgd", momentum: 0 } as const;
  const program = await compile(buildTrainingStep(model(), { optimizer, l2, l2Parameters }), { target: "wasm" });
  for (const name of ["a.kernel", "b.kernel", "c.bias"]) program.write(name, program.read(name).slice().fill(1));
  program.write("features", new Float32Array(6).fill(1));
  program.write("targets", [1, 0, 0, 1]);
  program.write("weights", [0, 0]);
  program.write("learning_rate", [1]);
  program.run();
  const values = ["a.kernel", "b.kernel", "c.bias"].map((name) => [name, program.read(name)[0] as number] as const);
  program.close();
  return Object.fromEntries(values);
}

/** Moving means and variances after a step, of a batch norm of which only slices are looked at: halves of its channels, or one of its frames. */
async function movedBy(slices: "channels" | "frames"): Promise<{ mean: number[]; variance: number[] }> {
  const g = new GraphBuilder("sliced_norm");
  const x = g.input("features", tensor("f32", [2, 2, 2]));
  const mean = g.parameter("norm.mean", [2], { kind: "zeros" }, "f32", false);
  const variance = g.parameter("norm.variance", [2], { kind: "ones" }, "f32", false);
  const normalised = g.op("batch_norm", [x, mean, variance], { center: false, scale: false, epsilon: 0.001, momentum: 0.5 });
  const y = g.op("relu", [normalised]);
  const part = (begin: number[], end: number[]) => g.op("slice", [y], { begin, end, strides: [1, 1, 1] });
  const flat = (value: Value) => g.op("reshape", [value], { shape: [2, 2] });
  const [half, other] = [part([0, 0, 0], [2, 2, 1]), part([0, 0, 1], [2, 2, 2])];
  const logits = slices === "channels" ? g.op("add", [flat(half), flat(other)]) : flat(part([0, 1, 0], [2, 2, 2]));
  g.output("logits", g.op("add", [logits, g.parameter("bias", [2], { kind: "zeros" })]));
  const program = await compile(buildTrainingStep(g.finish(), { optimizer: { kind: "sgd", momentum: 0 } }), { target: "wasm" });
  program.write("norm.variance", [1, 1]);
  program.write("features", [1, 10, 2, 20, 3, 30, 6, 60]);
  program.write("targets", [1, 0, 0, 1]);
  program.write("weights", [1, 1]);
  program.run();
  const [means, variances] = ["norm.mean", "norm.variance"].map((name) => [...program.read(name)]);
  program.close();
  return { mean: means, variance: variances };
}

describe("a batch norm that is cut apart behind it", () => {
  it("has the moments of the whole map, and moves its buffers by them", async () => {
    // Means 3 and 30, variances 3.5 and 350, half of them and half of 0 and 1.
    for (const slices of ["channels", "frames"] as const)
      expect(await movedBy(slices)).toEqual({ mean: [1.5, 15], variance: [2.25, 175.5] });
  });
});

describe("l2 in a training step", () => {
  it("is every kernel's, or the named parameters', or all parameters'", async () => {
    expect(await afterDecay(0.125)).toEqual({ "a.kernel": 0.75, "b.kernel": 0.75, "c.bias": 1 });
    expect(await afterDecay(0.125, ["b.kernel", "c.bias"])).toEqual({ "a.kernel": 1, "b.kernel": 0.75, "c.bias": 0.75 });
    expect(await afterDecay(0.125, "all")).toEqual({ "a.kernel": 0.75, "b.kernel": 0.75, "c.bias": 0.75 });
    expect(await afterDecay(0.125, [])).toEqual({ "a.kernel": 1, "b.kernel": 1, "c.bias": 1 });
  });
});
