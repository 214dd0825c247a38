import { UserError } from "../../base/errors.js";
import { shapeOf, textOf } from "../../graph/attributes.js";
import { type Node, sizeOf } from "../../graph/types.js";
import type { TfliteLowering, TfliteRule } from "./lowering.js";
import { activation, padding } from "./schema.js";

/** [rows, columns] row-major to [columns, rows]. */
function transposed(values: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const result = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
  return result;
}

/** A bias is one tensor for all nodes that add it: the steps of an unrolled cell share theirs. */
function biasTensor(bias: ArrayLike<number> | undefined, channels: number, lowering: TfliteLowering, name: string): number {
  const values = bias ?? new Float32Array(channels);
  return lowering.emitter.shared(bias ?? `no bias ${channels}`, () =>
    lowering.emitter.floats(`${name}/bias`, [channels], values),
  );
}

const dense: TfliteRule = (node, lowering) => {
  const [x, weight] = node.inputs;
  const [inner, outer] = weight.type.shape;
  const values = lowering.constant(weight);
  if (!values) return matrixProduct(node, lowering);
  const { bias, activation: after, result } = lowering.epilogue(node, true);
  const name = lowering.name(result);
  const kernel = lowering.emitter.shared(weight, () =>
    lowering.emitter.floats(lowering.name(weight), [outer, inner], transposed(values, inner, outer)),
  );
  const keep = x.type.shape.length > 2;
  const output = lowering.emitter.apply(
    "FULLY_CONNECTED",
    [lowering.tensor(x), kernel, biasTensor(bias, outer, lowering, name)],
    { name, shape: result.type.shape },
    ["FullyConnected", { activation: activation[after], keepDimensions: keep ? 1 : 0 }],
    // keep_num_dims came with version 5.
    keep ? 5 : 1,
  );
  lowering.set(result, output);
};

/** A product of two tensors that both depend on the input. */
function matrixProduct(node: Node, lowering: TfliteLowering): void {
  const [x, weight] = node.inputs;
  const [result] = node.outputs;
  const [inner, outer] = weight.type.shape;
  const rows = sizeOf(x.type.shape) / inner;
  const name = lowering.name(result);
  const left = lowering.emitter.reshape(lowering.tensor(x), [rows, inner], `${name}/rows`);
  const product = lowering.emitter.apply("BATCH_MATMUL", [left, lowering.tensor(weight)], { name, shape: [rows, outer] }, [
    "BatchMatMul",
    {},
  ]);
  lowering.set(result, lowering.emitter.reshape(product, result.type.shape, name));
}

/** Kernel and stride of a convolution along both axes. */
function geometry(node: Node) {
  const [strideH, strideW] = shapeOf(node.attributes, "strides");
  const [dilationH, dilationW] = shapeOf(node.attributes, "dilations");
  const [kernelH] = node.inputs[1].type.shape;
  return { strideH, strideW, dilationH, dilationW, past: (kernelH - 1) * dilationH };
}

/** The input, with the zeros of the past where padding is causal; what remains is TFLite's own padding. */
function paddedInput(node: Node, lowering: TfliteLowering): { input: number; mode: number } {
  const kind = textOf(node.attributes, "padding");
  const input = lowering.tensor(node.inputs[0]);
  if (kind !== "causal") return { input, mode: kind === "same" ? padding.same : padding.valid };
  const { past } = geometry(node);
  const [batch, time, ...rest] = node.inputs[0].type.shape;
  if (past === 0) return { input, mode: padding.valid };
  const amounts = lowering.emitter.integers("padding", [4, 2], [0, 0, past, 0, 0, 0, 0, 0]);
  const name = `${lowering.name(node.outputs[0])}/past`;
  const shape = [batch, time + past, ...rest];
  return { input: lowering.emitter.apply("PAD", [input, amounts], { name, shape }, ["Pad", {}]), mode: padding.valid };
}

function constantWeight(node: Node, lowering: TfliteLowering): ArrayLike<number> {
  const values = lowering.constant(node.inputs[1]);
  if (!values) throw new UserError(`${node.op}: TFLite needs a kernel that does not depend on the input`);
  return values;
}

const conv2d: TfliteRule = (node, lowering) => {
  const weight = node.inputs[1];
  const [height, width, inner, outer] = weight.type.shape;
  const values = constantWeight(node, lowering);
  const { bias, activation: after, result } = lowering.epilogue(node, true);
  const name = lowering.name(result);
  const kernel = lowering.emitter.shared(weight, () =>
    lowering.emitter.floats(
      lowering.name(weight),
      [outer, height, width, inner],
      transposed(values, height * width * inner, outer),
    ),
  );
  const { input, mode } = paddedInput(node, lowering);
  const { strideH, strideW, dilationH, dilationW } = geometry(node);
  const options = { padding: mode, strideW, strideH, activation: activation[after], dilationW, dilationH };
  const inputs = [input, kernel, biasTensor(bias, outer, lowering, name)];
  lowering.set(result, lowering.emitter.apply("CONV_2D", inputs, { name, shape: result.type.shape }, ["Conv2D", options]));
};

const depthwiseConv2d: TfliteRule = (node, lowering) => {
  const weight = node.inputs[1];
  const [height, width, channels] = weight.type.shape;
  const values = constantWeight(node, lowering);
  const { bias, activation: after, result } = lowering.epilogue(node, true);
  const name = lowering.name(result);
  const kernel = lowering.emitter.shared(weight, () =>
    lowering.emitter.floats(lowering.name(weight), [1, height, width, channels], values),
  );
  const { input, mode } = paddedInput(node, lowering);
  const { strideH, strideW, dilationH, dilationW } = geometry(node);
  const options = { padding: mode, strideW, strideH, depthMultiplier: 1, activation: activation[after], dilationW, dilationH };
  // Dilation came with version 2.
  const version = dilationH === 1 && dilationW === 1 ? 1 : 2;
  const inputs = [input, kernel, biasTensor(bias, channels, lowering, name)];
  const shape = result.type.shape;
  lowering.set(
    result,
    lowering.emitter.apply("DEPTHWISE_CONV_2D", inputs, { name, shape }, ["DepthwiseConv2D", options], version),
  );
};

function pool(code: "AVERAGE_POOL_2D" | "MAX_POOL_2D"): TfliteRule {
  return (node, lowering) => {
    const [filterHeight, filterWidth] = shapeOf(node.attributes, "window");
    const [strideH, strideW] = shapeOf(node.attributes, "strides");
    const mode = textOf(node.attributes, "padding") === "same" ? padding.same : padding.valid;
    const { activation: after, result } = lowering.epilogue(node, false);
    const options = { padding: mode, strideW, strideH, filterWidth, filterHeight, activation: activation[after] };
    const output = { name: lowering.name(result), shape: result.type.shape };
    lowering.set(result, lowering.emitter.apply(code, [lowering.tensor(node.inputs[0])], output, ["Pool2D", options]));
  };
}

/** Products with weights, and what else is moved over a map. */
export const linearRules: Readonly<Record<string, TfliteRule>> = {
  dense,
  conv2d,
  depthwise_conv2d: depthwiseConv2d,
  average_pool: pool("AVERAGE_POOL_2D"),
  max_pool: pool("MAX_POOL_2D"),
};
