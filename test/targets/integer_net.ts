import { RandomStream } from "../../src/base/random.js";
import type { Model } from "../../src/formats/model.js";
import { buildFrontend, describeFrontend } from "../../src/frontend/frontend.js";
import { GraphBuilder } from "../../src/graph/builder.js";
import type { Attributes, Graph, Quantization, TensorType, Value } from "../../src/graph/types.js";

/** Builds integer networks with drawn weights. */
export class IntegerNet {
  readonly random: RandomStream;
  readonly builder = new GraphBuilder("integer_net");
  readonly parameters = new Map<string, Int8Array | Int32Array>();
  value: Value;

  constructor(seed: number, shape: readonly number[], zeroPoint: number, scale = 0.5) {
    this.random = new RandomStream(seed, 77);
    this.value = this.builder.input("features", { dtype: "i8", shape, quantization: { scale: [scale], zeroPoint: [zeroPoint] } });
  }

  #data(type: TensorType, draw: () => number): Value {
    const name = `data.${this.parameters.size}`;
    const size = type.shape.reduce((p, n) => p * n, 1);
    const data = type.dtype === "i8" ? new Int8Array(size) : new Int32Array(size);
    this.parameters.set(name, data.map(draw));
    return this.builder.input(name, type);
  }

  /** A product with weights of that shape; `fan` products are summed for an output. */
  product(op: string, shape: readonly number[], axis: number, fan: number, attributes: Attributes, gain = 1): this {
    const channels = shape[axis]!;
    const scale = Array.from({ length: channels }, () => Math.fround(0.01 * (0.5 + this.random.uniform())));
    const quantization: Quantization = { scale, zeroPoint: scale.map(() => 0), axis };
    const weights = this.#data({ dtype: "i8", shape, quantization }, () => this.random.integer(255) - 127);
    const bias = this.#data({ dtype: "i32", shape: [channels] }, () => this.random.integer(4001) - 2000);
    const x = this.value.type.quantization!.scale[0]!;
    // Sums have a deviation of about 74 times 74 times the root of the fan-in; the output's range has some 50 steps of it.
    const outputScale = Math.fround((x * 0.01 * 5500 * Math.sqrt(fan)) / 50 / gain);
    const zero = this.random.integer(200) - 100;
    const outputZeroPoint = attributes["low"] === undefined ? zero : Number(attributes["low"]);
    const all = { outputScale, outputZeroPoint, outputType: "i8", ...attributes };
    this.value = this.builder.op(op, [this.value, weights, bias], all);
    return this;
  }

  op(op: string, attributes: Attributes): this {
    this.value = this.builder.op(op, [this.value], attributes);
    return this;
  }

  /** A model whose network takes and gives int8. */
  model(): Model {
    this.builder.output("scores", this.value);
    const graph = this.builder.finish();
    const isParameter = (name: string): boolean => this.parameters.has(name);
    const moved: Graph = {
      ...graph,
      inputs: graph.inputs.filter((i) => !isParameter(i.name)),
      parameters: graph.inputs
        .filter((i) => isParameter(i.name))
        .map((i) => ({ ...i, initializer: { kind: "zeros" }, trainable: false })),
    };
    const description = describeFrontend({ kind: "mfcc_op" });
    const labels = Array.from({ length: this.value.type.shape.at(-1)! }, (_, i) => `label ${i}`);
    const frontend = buildFrontend(description, { samples: 16000, rate: 16000 });
    return {
      graph: moved,
      frontend,
      frontendDescription: description,
      labels,
      parameters: this.parameters,
      training: {},
      licence: "none",
    };
  }
}

/** A network of the shape of MLPerf Tiny's keyword model. */
export function dsCnn(seed: number): Model {
  // Scales grow from layer to layer; logits that end with steps of 0.1 do not saturate the softmax.
  const logits = dsCnnLogits(seed, 1).value.type.quantization!.scale[0]!;
  const net = dsCnnLogits(seed, Math.fround(0.1 / logits));
  return net.op("quantized_softmax", { outputScale: 1 / 256, outputZeroPoint: -128, outputType: "i8" }).model();
}

function dsCnnLogits(seed: number, scale: number): IntegerNet {
  const relu = { low: -128, high: 127, dilations: [1, 1] };
  const net = new IntegerNet(seed, [1, 49, 10, 1], 83, scale);
  net.product("quantized_conv2d", [10, 4, 1, 64], 3, 40, { ...relu, strides: [2, 2], padding: "same" });
  for (let block = 0; block < 4; block++) {
    net.product("quantized_depthwise_conv2d", [3, 3, 64, 1], 2, 9, { ...relu, strides: [1, 1], padding: "same" });
    net.product("quantized_conv2d", [1, 1, 64, 64], 3, 64, { ...relu, strides: [1, 1], padding: "same" });
  }
  net.op("quantized_average_pool", { window: [25, 5], strides: [25, 5], padding: "valid" });
  net.op("reshape", { shape: [1, 64] });
  return net.product("quantized_dense", [64, 12], 1, 64, {});
}
