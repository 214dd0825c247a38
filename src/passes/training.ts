import { booleanOf, numberOf } from "../graph/attributes.js";
import type { GraphBuilder } from "../graph/builder.js";
import type { Graph, Node, Value } from "../graph/types.js";

/**
 * What is added to every place before a batch_norm, as the bias of a convolution: the batch's mean takes it off again, so that
 * it moves the buffer of means and nothing else, and has no gradient (numerically: noise, which Adam would take for one).
 */
function addedBefore(node: Node, producers: ReadonlyMap<Value, Node>): { from: Value; bias: Value } | undefined {
  const add = producers.get(node.inputs[0]!);
  if (add?.op !== "add") return undefined;
  const [from, bias] = add.inputs as [Value, Value];
  const channels = node.inputs[1]!.type.shape[0];
  return from.type.shape.length > 1 && bias.type.shape.length === 1 && bias.type.shape[0] === channels
    ? { from, bias }
    : undefined;
}

/**
 * A model in its training form:
 * batch_norm normalises with the batch's own moments and moves its buffers (moving = momentum * moving + (1 - momentum) *
 * batch, the biased variance, as Keras); dropout becomes a product with a mask drawn from `seed` (i32[2]: seed, step).
 * A batch_norm whose mean is among `kept` stays as it is, with its buffers.
 * Copies the model's nodes to the builder (`map` grows) and returns the new values of the buffers by their old ones.
 */
export function trainingForm(
  builder: GraphBuilder,
  model: Graph,
  map: Map<Value, Value>,
  seed: Value,
  kept: ReadonlySet<Value> = new Set(),
): Map<Value, Value> {
  const buffers = new Map<Value, Value>();
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((v) => [v, node] as const)));
  let salt = 0;
  for (const node of model.nodes) {
    const inputs = node.inputs.map((v) => map.get(v)!);
    const x = inputs[0]!;
    let outputs: readonly Value[];
    if (node.op === "batch_norm" && !kept.has(node.inputs[1]!)) {
      const added = addedBefore(node, producers);
      const from = added ? map.get(added.from)! : x;
      const [mean, variance] = builder.apply("moments", [from]);
      outputs = builder.apply("batch_norm", [from, mean!, variance!, ...inputs.slice(3)], node.attributes);
      const momentum = numberOf(node.attributes, "momentum");
      const move = (buffer: Value, batch: Value): void => {
        const old = builder.op("affine", [buffers.get(buffer) ?? buffer], { scale: momentum, offset: 0 });
        buffers.set(buffer, builder.op("add", [old, builder.op("affine", [batch], { scale: 1 - momentum, offset: 0 })]));
      };
      move(inputs[1]!, added ? builder.op("add", [mean!, map.get(added.bias)!]) : mean!);
      move(inputs[2]!, variance!);
    } else if (node.op === "dropout" && numberOf(node.attributes, "rate") > 0) {
      const attributes = {
        shape: node.attributes["channels"] === true ? channelMask(x.type.shape) : x.type.shape,
        rate: numberOf(node.attributes, "rate"),
        rescale: booleanOf(node.attributes, "rescale"),
        salt: salt++,
      };
      const mask = builder.op("random_mask", [seed], attributes);
      outputs = builder.apply("mul", [x, mask]);
    } else {
      outputs = builder.apply(node.op, inputs, node.attributes, node.body);
    }
    node.outputs.forEach((v, i) => map.set(v, outputs[i]!));
  }
  return buffers;
}

/** [B, T, F, C] to [B, 1, 1, C]. */
function channelMask(shape: readonly number[]): number[] {
  return shape.map((n, axis) => (axis === 0 || axis === shape.length - 1 ? n : 1));
}
