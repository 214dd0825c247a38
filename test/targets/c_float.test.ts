import { describe, expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor, type Value } from "../../src/graph/types.js";
import { exportC } from "../../src/targets/c/export.js";
import { fuseBias } from "../../src/targets/c/fuse_bias.js";
import { hostCompiler, runOnHost } from "./c_host.js";

const options = { prefix: "net", cpu: "generic", floatAbi: "soft", features: "none", rate: 16000 } as const;
const count = 3;

const runMain = `#include <stdio.h>
#include "net.h"
int main(void) {
  net_reset();
  while (fread(net_features(), sizeof(float), NET_FEATURES, stdin) == NET_FEATURES) fwrite(net_run(), sizeof(float), NET_SCORES, stdout);
  return 0;
}
`;

/** Networks of float layers, with drawn sizes, biases, limits and residual sums. */
class FloatNet {
  readonly random: RandomStream;
  readonly builder = new GraphBuilder("float_net");
  readonly parameters = new Map<string, Float32Array>();
  value: Value;

  constructor(seed: number, shape: readonly number[]) {
    this.random = new RandomStream(seed, 78);
    this.value = this.builder.input("features", tensor("f32", shape));
  }

  pick<T>(...list: T[]): T {
    return list[this.random.integer(list.length)]!;
  }

  weights(shape: readonly number[], fan: number): Value {
    const name = `data.${this.parameters.size}`;
    this.parameters.set(
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => (2 * this.random.uniform() - 1) / Math.sqrt(fan)),
    );
    return this.builder.input(name, tensor("f32", shape));
  }

  /** A product, perhaps with a bias, and one of the activations. */
  product(op: string, shape: readonly number[], fan: number, channels: number, attributes: Record<string, unknown> = {}): void {
    const before = this.value;
    this.value = this.builder.op(op, [before, this.weights(shape, fan)], attributes as Record<string, string>);
    if (this.random.integer(4) > 0) this.value = this.builder.op("add", [this.value, this.weights([channels], 1)]);
    const activation = this.pick("none", "relu", "clamp");
    if (activation === "relu") this.value = this.builder.op("relu", [this.value]);
    if (activation === "clamp") this.value = this.builder.op("clamp", [this.value], { low: -0.4, high: 0.7 });
    const isSame = before.type.shape.join() === this.value.type.shape.join();
    if (isSame && this.random.integer(3) === 0) this.value = this.builder.op("add", [this.value, before]);
  }

  finish(): { graph: Graph; parameters: Map<string, Float32Array> } {
    this.builder.output("scores", this.value);
    const graph = this.builder.finish();
    const isParameter = (name: string): boolean => this.parameters.has(name);
    const parameters = graph.inputs
      .filter((i) => isParameter(i.name))
      .map((i) => ({ ...i, initializer: { kind: "zeros" } as const, trainable: false }));
    return {
      graph: { ...graph, inputs: graph.inputs.filter((i) => !isParameter(i.name)), parameters },
      parameters: this.parameters,
    };
  }
}

function drawn(seed: number): ReturnType<FloatNet["finish"]> {
  const random = new RandomStream(seed, 79);
  const net = new FloatNet(seed, [1, 6 + random.integer(8), 5 + random.integer(6), [1, 3, 4, 8, 11][random.integer(5)]!]);
  for (let layers = 2 + random.integer(3); layers > 0; layers--) {
    const [, height, width, from] = net.value.type.shape as [number, number, number, number];
    const kernel = [net.pick(1, 2, 3), net.pick(1, 2, 3)] as const;
    const padding = Math.min(height, width) < 6 ? "same" : net.pick("same", "same", "valid", "causal");
    const all = { strides: [net.pick(1, 1, 2), net.pick(1, 1, 2)], dilations: [net.pick(1, 1, 2), 1], padding };
    if (all.padding === "valid" && height < 8) all.padding = "same";
    const kind = net.pick("depthwise", "general", "pointwise");
    const to = net.pick(4, from, 8, 9, 17);
    if (kind === "depthwise") net.product("depthwise_conv2d", [...kernel, from, 1], kernel[0] * kernel[1], from, all);
    else if (kind === "general") net.product("conv2d", [...kernel, from, to], kernel[0] * kernel[1] * from, to, all);
    else net.product("conv2d", [1, 1, from, to], from, to, { ...all, strides: [1, 1] });
  }
  const size = sizeOf(net.value.type.shape);
  net.value = net.builder.op("reshape", [net.value], { shape: [1, size] });
  return net.finish();
}

async function check({ graph, parameters }: ReturnType<FloatNet["finish"]>): Promise<void> {
  const size = sizeOf(graph.inputs[0]!.value.type.shape);
  const random = new RandomStream(3, 5);
  const inputs = Float32Array.from({ length: count * size }, () => 2 * random.uniform() - 1);
  const program = await compile(graph, { target: "oracle" });
  for (const [name, data] of parameters) program.write(name, data);
  const wanted: number[] = [];
  for (let i = 0; i < count; i++) {
    program.write("features", inputs.subarray(i * size, (i + 1) * size));
    program.run();
    wanted.push(...program.read("scores"));
  }
  program.close();
  const made = exportC({ graph: graph as never, parameters, labels: [], licence: "none" }, options);
  const out = runOnHost([...made.files, { name: "main.c", text: runMain }], new Uint8Array(inputs.buffer));
  const found = new Float32Array(out.buffer.slice(out.byteOffset, out.byteOffset + out.length));
  expect(found.length).toBe(wanted.length);
  for (const [i, x] of wanted.entries()) expect(Math.abs(x - found[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(x)));
}

describe.skipIf(!hostCompiler())("float networks as C: the oracle's numbers", () => {
  for (let seed = 1; seed <= 16; seed++) test(`drawn network ${seed}`, () => check(drawn(seed)));
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
