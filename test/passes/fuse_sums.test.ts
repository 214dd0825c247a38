import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor } from "../../src/graph/types.js";
import { verifyGraph } from "../../src/graph/verify.js";
import { fuse } from "../../src/passes/fuse.js";
import { fuseProducts } from "../../src/passes/fuse_products.js";
import { fuseSums } from "../../src/passes/fuse_sums.js";
import { tileBatch } from "../../src/passes/tile_batch.js";

const targets = ["oracle", "wasm", ...(nativeCompiler() ? ["native"] : [])] as ("oracle" | "wasm" | "native")[];

/** Gradients of a pointwise and a depthwise convolution, each with a mask behind it and two sums over the batch and the places; columns that fill no vector, and one alone. */
function gradients(): Graph {
  const g = new GraphBuilder("gradients");
  const axes = { axes: [0, 1, 2], keep: false };
  const dy = g.input("dy", tensor("f32", [24, 5, 7, 19]));
  const pass = (name: string, gradient: "conv2d_input_gradient" | "depthwise_conv2d_input_gradient", kernel: number[]): void => {
    const channels = gradient === "conv2d_input_gradient" ? kernel[2]! : 19;
    const shape = [24, 5, 7, channels];
    const w = g.input(`w${name}`, tensor("f32", kernel));
    const x = g.input(`x${name}`, tensor("f32", shape));
    const attributes = { strides: [1, 1], dilations: [1, 1], padding: "same", inputShape: shape };
    const dx = g.op(gradient, [dy, w], attributes);
    const masked = g.op("mul", [g.op("step", [x]), dx]);
    g.output(`dx${name}`, dx);
    g.output(`sum${name}`, g.op("sum", [masked], axes));
    g.output(`product${name}`, g.op("sum", [g.op("mul", [masked, x])], axes));
    g.output(`masked${name}`, masked);
  };
  pass("Pointwise", "conv2d_input_gradient", [1, 1, 37, 19]);
  pass("Depthwise", "depthwise_conv2d_input_gradient", [3, 3, 19, 1]);
  pass("Single", "conv2d_input_gradient", [1, 1, 1, 19]);
  return g.finish();
}

async function results(graph: Graph, target: (typeof targets)[number], threads = 1): Promise<Float32Array[]> {
  const program = await compile(graph, { target, threads });
  const random = new RandomStream(1);
  for (const { name, value } of graph.inputs)
    program.write(
      name,
      Float32Array.from({ length: sizeOf(value.type.shape) }, () => random.normal()),
    );
  program.run();
  const list = graph.outputs.map((o) => Float32Array.from(program.read(o.name)));
  program.close();
  return list;
}

describe("fuseSums", () => {
  const batched = ["dy", "xPointwise", "xDepthwise", "xSingle"];
  const before = fuse(tileBatch(gradients(), { batched, cacheBytes: 30_000 }));
  const after = fuseSums(before);
  const bodyOf = (graph: Graph) => graph.nodes.find((n) => n.op === "batch_loop")!.body!;

  it("adds up in the loop that makes what is added, and with the product before it", () => {
    verifyGraph(after);
    expect(bodyOf(before).nodes.filter((n) => n.op === "sum")).toHaveLength(6);
    // The sums of one column stay.
    expect(bodyOf(after).nodes.filter((n) => n.op === "sum")).toHaveLength(2);
    const products = bodyOf(fuseProducts(after)).nodes.filter((n) => n.op === "product");
    expect(products.map((n) => n.outputs.length)).toEqual([4, 4, 3]);
  });

  it.each(targets)("changes no bit on %s, for any number of threads", async (target) => {
    const expected = await results(before, target);
    expect(await results(after, target)).toEqual(expected);
    if (target !== "oracle") expect(await results(after, target, 2)).toEqual(expected);
  });
});
