import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { globalAverage, pool } from "../blocks/pool.js";
import { asChannels, flatten } from "../blocks/shape.js";
import { svdfLayer } from "../blocks/svdf.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, flag, perLayer, requireEqualLengths, units, whole } from "../options.js";

const name = "kws_streaming/svdf_resnet";
const memory = perLayer(whole(1, 4096));

const schema = v.strictObject({
  /** Frames that the filters of each layer of the first block remember. */
  block1MemorySize: v.optional(memory, [4, 10]),
  /** The same of the second block. */
  block2MemorySize: v.optional(memory, [10, 10]),
  /** The same of the third block. */
  block3MemorySize: v.optional(memory, [10, 10]),
  /** Filters of each layer of the first block. */
  block1Units1: v.optional(perLayer(units), [256, 256]),
  /** Filters of each layer of the second block. */
  block2Units1: v.optional(perLayer(units), [256, 256]),
  /** Filters of each layer of the third block. */
  block3Units1: v.optional(perLayer(units), [256, 256]),
  /** Frames of which the three blocks give the largest value. */
  blocksPool: v.optional(v.pipe(v.array(whole(1, 4096)), v.length(3)), [1, 2, 2]),
  /** Whether the layers have a batch norm. */
  useBatchNorm: v.optional(flag, true),
  /** Whether the batch norms have a factor. */
  bnScale: v.optional(flag, false),
  /** Activation of all layers. */
  activation: v.optional(activationName, "relu"),
  /** Dropout of each layer's input; it does not rescale. */
  svdfDropout: v.optional(dropoutRate, 0),
  /** Whether the filters over time have a bias. */
  svdfUseBias: v.optional(flag, true),
  /** Zeros before the clip, so that no layer shortens it. Without them main branch and shortcut differ in length, and no graph is possible. */
  svdfPad: v.optional(flag, true),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0),
  /** Width of each fully connected layer. */
  units2: v.optional(perLayer(units), []),
  /** All frames side by side instead of their mean. */
  flatten: v.optional(flag, false),
});

type Options = v.InferOutput<typeof schema>;

/** kws_streaming's single value decomposition filters in residual blocks. */
export const svdfResnet: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Three residual blocks of filters over each frame and over the time of each filter, each followed by the largest of some frames; the mean over time, fully connected layers. Options are the flags of the original. Rybakov et al. 2020, arXiv 2005.06720; SVDF: Nakkiran et al. 2015, Alvarez and Park 2018, arXiv 1812.02802.",
  schema,
  build(options, { frames, features, labels }) {
    const { block1MemorySize, block2MemorySize, block3MemorySize, block1Units1, block2Units1, block3Units1 } = options;
    requireEqualLengths(name, { block1MemorySize, block1Units1 });
    requireEqualLengths(name, { block2MemorySize, block2Units1 });
    requireEqualLengths(name, { block3MemorySize, block3Units1 });
    const blocks = [
      { memories: block1MemorySize, widths: block1Units1 },
      { memories: block2MemorySize, widths: block2Units1 },
      { memories: block3MemorySize, widths: block3Units1 },
    ];
    const builder = new GraphBuilder("svdf_resnet");
    let x = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, { memories, widths }] of blocks.entries()) {
      const path = `blocks.${i}`;
      x = activation(builder, block(builder, path, x, memories, widths, options), options.activation);
      x = pool(builder, `${path}.pool`, x, "max", [options.blocksPool[i] as number, 1]);
    }
    x = dropout(builder, options.flatten ? flatten(builder, x) : globalAverage(builder, x), options.dropout1);
    const activations = options.units2.map(() => options.activation);
    x = denseStack(builder, "hidden", x, options.units2, activations);
    builder.output("logits", denseLayer(builder, "classifier", x, labels));
    return builder.finish();
  },
};

/** SVDF layers, the last one linear, plus a projection of their input. */
function block(
  builder: GraphBuilder,
  path: string,
  input: Value,
  memories: readonly number[],
  widths: readonly number[],
  options: Options,
): Value {
  const last = widths.at(-1);
  if (last === undefined) throw new UsageError(`${name}: layer ${path} has no units; give at least one number`);
  let x = input;
  for (const [i, width] of widths.entries()) {
    x = svdfLayer(builder, `${path}.layers.${i}`, x, {
      units: width,
      memory: memories[i] as number,
      activation: i === widths.length - 1 ? "linear" : options.activation,
      projection: 0,
      pad: options.svdfPad,
      dropout: options.svdfDropout,
      bias: options.svdfUseBias,
      norm: options.useBatchNorm ? { scale: options.bnScale } : undefined,
    });
  }
  if (x.type.shape[1] !== input.type.shape[1])
    throw new UsageError(
      `${name}: with svdfPad 0 ${path} leaves ${x.type.shape[1]} of ${input.type.shape[1]} frames, which its shortcut cannot be added to; leave svdfPad 1`,
    );
  const shortcut = denseLayer(builder, `${path}.shortcut`, input, last, false);
  return builder.op("add", [x, kerasNorm(builder, `${path}.shortcut.norm`, shortcut, options.bnScale)]);
}
