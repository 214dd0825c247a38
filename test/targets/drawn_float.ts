import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, sizeOf, tensor, type Value } from "../../src/graph/types.js";
import type { ExportedModel } from "../../src/targets/c/export.js";

const count = 3;

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

/** Two to four layers of drawn kinds and shapes, as a model without front end. */
export function drawnFloat(seed: number): ExportedModel {
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
  const { graph, parameters } = net.finish();
  return { graph: graph as ExportedModel["graph"], parameters, labels: [], licence: "none" };
}

/** Drawn inputs, and what the oracle gives for them. */
export async function oracleOfFloats({ graph, parameters }: ExportedModel): Promise<{ inputs: Float32Array; outputs: number[] }> {
  const size = sizeOf(graph.inputs[0]!.value.type.shape);
  const random = new RandomStream(3, 5);
  const inputs = Float32Array.from({ length: count * size }, () => 2 * random.uniform() - 1);
  const program = await compile(graph, { target: "oracle" });
  for (const [name, data] of parameters) program.write(name, data);
  const outputs: number[] = [];
  for (let i = 0; i < count; i++) {
    program.write("features", inputs.subarray(i * size, (i + 1) * size));
    program.run();
    outputs.push(...program.read("scores"));
  }
  program.close();
  return { inputs, outputs };
}
