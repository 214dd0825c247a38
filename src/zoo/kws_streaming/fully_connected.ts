import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { pool } from "../blocks/pool.js";
import { flatten } from "../blocks/shape.js";
import type { ModelShape } from "../model.js";
import { activationName, dropoutRate, perLayer, requireEqualLengths, units, whole } from "../options.js";

/** Options of dnn and dnn_raw. */
export const fullyConnectedSchema = v.strictObject({
  /** Width of each layer over a frame. */
  units1: v.optional(perLayer(units), [64, 128]),
  /** Activation of each layer over a frame. */
  act1: v.optional(perLayer(activationName), ["relu", "relu"]),
  /** Values of the flattened clip of which the largest is taken; neighbours are units, not frames. 1: none. */
  poolSize: v.optional(whole(1, 4096), 2),
  /** Values from one such group to the next. */
  strides: v.optional(whole(1, 4096), 2),
  /** Dropout behind the pooling. */
  dropout1: v.optional(dropoutRate, 0.1),
  /** Width of each layer over the clip. */
  units2: v.optional(perLayer(units), [128, 256]),
  /** Activation of each layer over the clip. */
  act2: v.optional(perLayer(activationName), ["linear", "relu"]),
});

/** Fully connected layers over each frame, the largest of neighbouring values of the flattened clip, fully connected layers. */
export function fullyConnected(
  name: string,
  { units1, act1, poolSize, strides, dropout1, units2, act2 }: v.InferOutput<typeof fullyConnectedSchema>,
  { frames, features, labels }: ModelShape,
): Graph {
  requireEqualLengths(name, { units1, act1 });
  requireEqualLengths(name, { units2, act2 });
  const builder = new GraphBuilder(name.replace(/^.*\//, ""));
  let x = denseStack(builder, "frame", builder.input("features", tensor("f32", [1, frames, features])), units1, act1);
  x = flatten(builder, x);
  if (poolSize > 1) {
    const map = builder.op("reshape", [x], { shape: [0, 1, -1, 1] });
    x = flatten(builder, pool(builder, "pool", map, "max", [1, poolSize], [1, strides]));
  }
  x = denseStack(builder, "hidden", dropout(builder, x, dropout1), units2, act2);
  builder.output("logits", denseLayer(builder, "classifier", x, labels));
  return builder.finish();
}
