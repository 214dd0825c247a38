import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { exportC } from "../../src/targets/c/export.js";
import { fuseBias } from "../../src/targets/c/fuse_bias.js";
import { hostCompiler, runOnHost } from "./c_host.js";
import { drawnFloat, oracleOfFloats } from "./drawn_float.js";

const options = { prefix: "net", cpu: "generic", floatAbi: "soft", features: "none", rate: 16000 } as const;
const runMain = `#include <stdio.h>
#include "net.h"
int main(void) {
  net_reset();
  while (fread(net_features(), sizeof(float), NET_FEATURES, stdin) == NET_FEATURES) fwrite(net_run(), sizeof(float), NET_SCORES, stdout);
  return 0;
}
`;

async function check(seed: number): Promise<void> {
  const model = drawnFloat(seed);
  const { inputs, outputs } = await oracleOfFloats(model);
  const { files } = exportC(model, options);
  const out = runOnHost([...files, { name: "main.c", text: runMain }], new Uint8Array(inputs.buffer));
  const found = new Float32Array(out.buffer.slice(out.byteOffset, out.byteOffset + out.length));
  expect(found.length).toBe(outputs.length);
  for (const [i, x] of outputs.entries()) expect(Math.abs(x - found[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(x)));
}

describe.skipIf(!hostCompiler())("float networks as C: the oracle's numbers", () => {
  for (let seed = 1; seed <= 16; seed++) test(`drawn network ${seed}`, () => check(seed));
});

describe("fuseBias", () => {
  const build = (make: (b: GraphBuilder, x: Value, product: Value, bias: Value) => Value[]): Graph => {
    const b = new GraphBuilder("layer");
    const x = b.input("x", tensor("f32", [2, 4]));
    const bias = b.input("bias", tensor("f32", [4]));
    const product = b.op("dense", [x, b.input("w", tensor("f32", [4, 4]))]);
    make(b, x, product, bias).forEach((v, i) => void b.output(`y${i}`, v));
    return b.finish();
  };
  const ops = (graph: Graph): string[] => fuseBias(graph, () => true).nodes.map((n) => n.op);

  test("bias and activation go into the product", () => {
    const graph = build((b, _, product, bias) => [b.op("relu", [b.op("add", [product, bias])])]);
    const [node, ...others] = fuseBias(graph, () => true).nodes;
    expect(others).toEqual([]);
    expect(node!.inputs.length).toBe(3);
    expect(node!.attributes["low"]).toBe(0);
    expect(node!.outputs[0]).toBe(graph.outputs[0]!.value);
  });

  test("what is no bias, or is needed in between, stays", () => {
    expect(ops(build((b, x, product) => [b.op("add", [product, x])]))).toEqual(["dense", "add"]);
    expect(ops(build((b, _, product, bias) => [b.op("add", [product, bias]), product]))).toEqual(["dense", "add"]);
    expect(ops(build((b, _, product, bias) => [b.op("relu", [b.op("add", [product, bias])]), b.op("neg", [bias])]))).toEqual([
      "dense",
      "neg",
    ]);
    expect(ops(build((b, _, product, bias) => [b.op("add", [b.op("relu", [product]), bias])]))).toEqual(["dense", "add"]);
    const unknown = build((b, _, product, bias) => [b.op("add", [product, bias])]);
    expect(fuseBias(unknown, () => false)).toBe(unknown);
  });
});
