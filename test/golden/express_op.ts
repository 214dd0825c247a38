import { GraphBuilder } from "../../src/graph/builder.js";
import { type Graph, tensor, type Value } from "../../src/graph/types.js";
import { trainingForm } from "../../src/passes/training.js";
import { batchNormLayer } from "../../src/zoo/blocks/batch_norm.js";
import { gruLayer } from "../../src/zoo/blocks/gru.js";
import { lstm } from "./lstm.js";
import { type GoldenCase, tensorOf } from "./read_golden.js";

/** Gives the value of an input of a case. */
export type InputOf = (name: string) => Value;

/** Adds the nodes of a case to the builder; gives its outputs by name. */
type Expression = (g: GraphBuilder, c: GoldenCase, input: InputOf) => Record<string, Value>;

const withBias =
  (op: string): Expression =>
  (g, c, input) => {
    const { stride: strides, dilation: dilations, padding } = c.attributes as Record<string, number[] & string>;
    const attributes = strides ? { strides, dilations, padding } : {};
    return { y: g.op("add", [g.op(op, [input("x"), input("kernel")], attributes as never), input("bias")]) };
  };

const unary =
  (op: string): Expression =>
  (g, _, input) => ({ y: g.op(op, [input("x")]) });

const reduction =
  (op: string): Expression =>
  (g, c, input) => ({
    y: g.op(op, [input("x")], { axes: c.attributes["axes"] as number[], keep: c.attributes["keepDimensions"] === true }),
  });

/** The nodes of a layer's graph in training form: inputs, parameters and states are the values of these names. */
function placed(
  g: GraphBuilder,
  layer: Graph,
  values: Readonly<Record<string, Value>>,
): { outputs: Value[]; buffers: Map<Value, Value> } {
  const map = new Map<Value, Value>();
  for (const { name, value } of [...layer.inputs, ...layer.parameters]) map.set(value, values[name] as Value);
  for (const { name, input } of layer.states) map.set(input, values[name] as Value);
  const buffers = trainingForm(g, layer, map, g.op("zeros", [values["x"] as Value], { shape: [2] }));
  return { outputs: layer.outputs.map((o) => map.get(o.value) as Value), buffers };
}

const batchNorm: Expression = (g, c, input): Record<string, Value> => {
  const { training, epsilon, scale, momentum } = c.attributes as {
    training: boolean;
    epsilon: number;
    scale: boolean;
    momentum?: number;
  };
  const attributes = { epsilon, momentum: momentum ?? 0, center: true, scale };
  const rest = scale ? [input("beta"), input("gamma")] : [input("beta")];
  if (!training) return { y: g.op("batch_norm", [input("x"), input("mean"), input("variance"), ...rest], attributes) };
  const builder = new GraphBuilder("layer");
  builder.output(
    "y",
    batchNormLayer(builder, "norm", builder.input("x", tensor("f32", tensorOf(c.inputs, "x").shape)), attributes),
  );
  // PyTorch's case gives the batch's moments: what the buffers become where nothing of the old is kept.
  const kept = momentum !== undefined;
  const [mean, variance] = kept
    ? [input("movingMean"), input("movingVariance")]
    : ["mean", "variance"].map((n) => zerosOf(g, c, n));
  const values = { x: input("x"), "norm.mean": mean as Value, "norm.variance": variance as Value, "norm.beta": rest[0] as Value };
  const { outputs, buffers } = placed(g, builder.finish(), scale ? { ...values, "norm.gamma": rest[1] as Value } : values);
  const moved = [buffers.get(mean as Value), buffers.get(variance as Value)] as [Value, Value];
  const y = outputs[0] as Value;
  if (!kept) return { y, mean: moved[0], variance: moved[1] };
  return {
    y,
    newMovingMean: moved[0],
    newMovingVariance: moved[1],
    inferenceWithNewMoments: g.op("batch_norm", [input("x"), ...moved, ...rest], attributes),
  };
};

function zerosOf(g: GraphBuilder, c: GoldenCase, output: string): Value {
  return g.input(`${c.name}/zeros ${output}`, tensor("f32", tensorOf(c.outputs, output).shape));
}

const gru: Expression = (g, c, input) => {
  const stateful = c.inputs.has("h0");
  const builder = new GraphBuilder("layer");
  const x = builder.input("x", tensor("f32", tensorOf(c.inputs, "x").shape));
  builder.output("y", gruLayer(builder, "gru", x, { units: c.attributes["units"] as number, sequence: true, stateful }));
  const names = { kernel: "kernel", bias: "bias", recurrent_kernel: "recurrentKernel", recurrent_bias: "recurrentBias" };
  const values = Object.fromEntries(Object.entries(names).map(([path, name]) => [`gru.${path}`, input(name)]));
  const all = { x: input("x"), ...values, ...(stateful ? { "gru.state": input("h0") } : {}) };
  return { y: placed(g, builder.finish(), all).outputs[0] as Value };
};

/** How each op of the golden files is written in our vocabulary. */
export const expressions: Readonly<Record<string, Expression>> = {
  conv2d: withBias("conv2d"),
  depthwiseConv2d: withBias("depthwise_conv2d"),
  dense: withBias("dense"),
  batchNorm,
  gru,
  lstm,
  softmax: unary("softmax"),
  logSoftmax: unary("log_softmax"),
  ...Object.fromEntries(["relu", "sigmoid", "tanh", "exp", "log", "sqrt"].map((op) => [op, unary(op)])),
  ...Object.fromEntries(["sum", "mean", "max"].map((op) => [op, reduction(op)])),
};
