import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { multiplyAccumulates } from "../../src/graph/count.js";
import { type Graph, tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { fuse } from "../../src/passes/fuse.js";
import { fuseProducts } from "../../src/passes/fuse_products.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? ["native"] : [])] as ("oracle" | "wasm" | "native")[];

/** A product with a bias and an activation, whose reduction is cut into chunks; one with few columns; depthwise convolutions; a weight's gradient in slices with a step of descent. */
function products(): Graph {
  const g = new GraphBuilder("products");
  const x = g.input("x", tensor("f32", [37, 700]));
  const behind = (name: string, columns: number): void => {
    const sums = g.op("dense", [x, g.input(`w${name}`, tensor("f32", [700, columns]))]);
    const biased = g.op("add", [sums, g.input(`b${name}`, tensor("f32", [columns]))]);
    const y = g.op("relu", [biased]);
    g.output(`y${name}`, y);
    g.output(`step${name}`, g.op("step", [y]));
  };
  behind("wide", 150);
  behind("narrow", 5);
  const map = g.input("map", tensor("f32", [2, 9, 12, 19]));
  const taps = g.input("taps", tensor("f32", [3, 3, 19, 1]));
  const settings = { strides: [1, 1], dilations: [1, 1], padding: "same" };
  const convolved = g.op("depthwise_conv2d", [map, taps], settings);
  g.output("convolved", g.op("relu", [g.op("add", [convolved, g.input("offset", tensor("f32", [19]))])]));
  const back = g.op("depthwise_conv2d_input_gradient", [map, taps], { ...settings, inputShape: [2, 9, 12, 19] });
  g.output("masked", g.op("mul", [g.op("mul", [back, map]), g.input("scale", tensor("f32", [1]))]));
  const w = g.state("w", tensor("f32", [16, 70]));
  const gradient = g.op("dense_weight_gradient", [
    g.input("long", tensor("f32", [2100, 16])),
    g.input("dy", tensor("f32", [2100, 70])),
  ]);
  g.setState(w, g.op("sub", [w, g.op("mul", [gradient, g.input("rate", tensor("f32", [1]))])]));
  return g.finish();
}

async function results(graph: Graph, target: (typeof targets)[number], threads = 1): Promise<Float32Array[]> {
  const program = await compile(graph, { target, threads });
  const random = new RandomStream(1);
  for (const { name, value } of [...graph.inputs, ...graph.states.map((s) => ({ name: s.name, value: s.input }))])
    program.write(
      name,
      Float32Array.from({ length: value.type.shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    );
  program.run();
  const list = [...graph.outputs.map((o) => o.name), "w"].map((name) => Float32Array.from(program.read(name)));
  program.close();
  return list;
}

describe("fuseProducts", () => {
  const before = fuse(products());
  const after = fuseProducts(before);

  it("joins each product with what stands behind it", () => {
    verifyGraph(after);
    expect(after.nodes.map((n) => n.op)).toEqual(["product", "product", "product", "product", "product"]);
    expect(multiplyAccumulates(after)).toBe(multiplyAccumulates(before));
  });

  // The native target joins products itself: it is compared with the oracle.
  it.each(targets.filter((t) => t !== "native"))("changes no bit on %s", async (target) => {
    const expected = await results(before, target);
    expect(await results(after, target)).toEqual(expected);
  });

  it("leaves the gradient of a depthwise map with strides alone", () => {
    const g = new GraphBuilder("strided");
    const dy = g.input("dy", tensor("f32", [2, 5, 5, 4]));
    const w = g.input("w", tensor("f32", [3, 3, 4, 1]));
    const attributes = { strides: [2, 2], dilations: [1, 1], padding: "same", inputShape: [2, 10, 10, 4] };
    g.output("dx", g.op("relu", [g.op("depthwise_conv2d_input_gradient", [dy, w], attributes)]));
    expect(fuseProducts(g.finish()).nodes.map((n) => n.op)).toEqual(["depthwise_conv2d_input_gradient", "relu"]);
  });

  it.runIf(targets.includes("native"))(
    "gives on the native target what the oracle gives, to the bit for any number of threads",
    async () => {
      const expected = await results(before, "oracle");
      const found = await results(before, "native");
      for (const [i, list] of found.entries())
        for (const [j, value] of list.entries()) expect(Math.abs(value - expected[i]![j]!)).toBeLessThan(2e-3);
      for (const threads of [2, 3]) expect(await results(before, "native", threads)).toEqual(found);
    },
  );

  it("leaves a product whose sums are needed as they are", () => {
    const g = new GraphBuilder("needed");
    const sums = g.op("dense", [g.input("x", tensor("f32", [8, 8])), g.input("w", tensor("f32", [8, 8]))]);
    g.output("sums", sums);
    g.output("y", g.op("relu", [sums]));
    expect(fuseProducts(g.finish()).nodes.map((n) => n.op)).toEqual(["dense", "relu"]);
  });
});
