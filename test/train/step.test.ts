import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { tensor } from "../../src/graph/types.js";
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

describe("l2 in a training step", () => {
  it("is every kernel's, or the named parameters', or all parameters'", async () => {
    expect(await afterDecay(0.125)).toEqual({ "a.kernel": 0.75, "b.kernel": 0.75, "c.bias": 1 });
    expect(await afterDecay(0.125, ["b.kernel", "c.bias"])).toEqual({ "a.kernel": 1, "b.kernel": 0.75, "c.bias": 0.75 });
    expect(await afterDecay(0.125, "all")).toEqual({ "a.kernel": 0.75, "b.kernel": 0.75, "c.bias": 0.75 });
    expect(await afterDecay(0.125, [])).toEqual({ "a.kernel": 1, "b.kernel": 1, "c.bias": 1 });
  });
});
