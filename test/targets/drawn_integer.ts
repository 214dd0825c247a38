import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import type { Model } from "../../src/formats/model.js";
import { IntegerNet } from "./integer_net.js";

const count = 4;

/** Inputs of all values, and what the oracle gives for them. */
export async function oracle(model: Model): Promise<{ inputs: Int8Array; outputs: number[] }> {
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

/** Two to four layers of drawn kinds, shapes, strides, dilations and paddings. */
export function drawn(seed: number): Model {
  const random = new RandomStream(seed, 1);
  const pick = <T>(...list: T[]): T => list[random.integer(list.length)]!;
  const channels = pick(1, 3, 4, 8, 12, 16);
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
      net.product("quantized_conv2d", [first, other, from, pick(4, 5, 8, 24)], 3, first * other * from, all, gain);
    else net.product("quantized_conv2d", [1, 1, from, pick(4, from, 7)], 3, from, { ...all, strides: [1, 1] }, gain);
  }
  const size = net.value.type.shape.reduce((p, n) => p * n, 1);
  net.op("reshape", { shape: [1, size] });
  return net.product("quantized_dense", [size, 5], 1, size, {}).model();
}
