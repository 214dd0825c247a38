import { describe, expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import type { Model } from "../../src/formats/model.js";
import { exportC } from "../../src/targets/c/export.js";
import { hostCompiler, runOnHost } from "./c_host.js";
import { dsCnn, IntegerNet } from "./integer_net.js";

const options = { prefix: "net", cpu: "generic", floatAbi: "soft", features: "none", rate: 16000 } as const;

const runMain = `#include <stdio.h>
#include "net.h"
int main(void) {
  net_reset();
  while (fread(net_features(), 1, NET_FEATURES, stdin) == NET_FEATURES) fwrite(net_run(), 1, NET_SCORES, stdout);
  return 0;
}
`;

const count = 4;

/** Inputs of all values, and what the oracle gives for them. */
async function oracle(model: Model): Promise<{ inputs: Int8Array; outputs: number[] }> {
  const size = model.graph.inputs[0]!.value.type.shape.reduce((p, n) => p * n, 1);
  const random = new RandomStream(3, 5);
  const inputs = Int8Array.from({ length: count * size }, () => random.integer(256) - 128);
  const program = await compile(model.graph, { target: "oracle" });
  for (const { name } of model.graph.parameters) program.write(name, model.parameters.get(name)!);
  const outputs: number[] = [];
  for (let i = 0; i < count; i++) {
    program.write("features", inputs.subarray(i * size, (i + 1) * size));
    program.run();
    outputs.push(...program.view("scores"));
  }
  program.close();
  return { inputs, outputs };
}

async function check(model: Model): Promise<void> {
  const { inputs, outputs } = await oracle(model);
  const { files } = exportC(model, options);
  const found = runOnHost([...files, { name: "main.c", text: runMain }], new Uint8Array(inputs.buffer));
  expect([...new Int8Array(found.buffer, found.byteOffset, found.length)]).toEqual(outputs);
  // A network that gives one value for everything would prove nothing.
  expect(new Set(outputs).size).toBeGreaterThan(3);
}

/** Two to four layers of drawn kinds, shapes, strides, dilations and paddings. */
function drawn(seed: number): Model {
  const random = new RandomStream(seed, 1);
  const pick = <T>(...list: T[]): T => list[random.integer(list.length)]!;
  const channels = pick(1, 3, 4, 8, 12);
  const net = new IntegerNet(seed, [1, 6 + random.integer(8), 5 + random.integer(6), channels], random.integer(256) - 128);
  for (let layers = 2 + random.integer(3); layers > 0; layers--) {
    const from = net.value.type.shape[3]!;
    const kernel = [pick(1, 2, 3), pick(1, 2, 3)];
    // Two features are too few for a kernel without padding.
    const paddings = net.value.type.shape[2]! < 6 ? ["same"] : ["same", "same", "valid", "causal"];
    const limits = pick<Record<string, number>>({}, {}, { low: -128 }, { low: -20, high: 90 });
    // A gain above the fan-in's makes factors of 1/2 and more, which shift to the left or not at all.
    const gain = pick(1, 1, 1, 200, 40_000);
    const strides = [pick(1, 1, 2), pick(1, 1, 2)];
    const all = { ...limits, strides, dilations: [pick(1, 1, 2), 1], padding: pick(...paddings) };
    if (net.value.type.shape[1]! < 6 && all.padding === "valid") all.padding = "same";
    const [first, other] = kernel as [number, number];
    const kind = pick("depthwise", "general", "pointwise");
    if (kind === "depthwise") net.product("quantized_depthwise_conv2d", [first, other, from, 1], 2, first * other, all, gain);
    else if (kind === "general")
      net.product("quantized_conv2d", [first, other, from, pick(4, 5, 8)], 3, first * other * from, all, gain);
    else net.product("quantized_conv2d", [1, 1, from, pick(4, from, 7)], 3, from, { ...all, strides: [1, 1] }, gain);
  }
  const size = net.value.type.shape.reduce((p, n) => p * n, 1);
  net.op("reshape", { shape: [1, size] });
  return net.product("quantized_dense", [size, 5], 1, size, {}).model();
}

describe.skipIf(!hostCompiler())("integer networks as C: the oracle's bits", () => {
  test("a network of the shape of MLPerf Tiny's, in less than 16 KB", async () => {
    const model = dsCnn(1);
    await check(model);
    expect(exportC(model, options).ramBytes).toBeLessThan(16_000);
  });
  for (let seed = 1; seed <= 12; seed++) test(`drawn network ${seed}`, () => check(drawn(seed)));
});
