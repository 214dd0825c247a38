import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { dropout } from "../blocks/dropout.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { normalisedPointwise } from "../blocks/normalised_convolution.js";
import { globalAverage } from "../blocks/pool.js";
import { asChannels } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, flag, perLayer, requireEqualLengths, units, whole } from "../options.js";
import { thin, timeStem } from "./time_stem.js";

const name = "kws_streaming/xception";
const size = whole(1, 4096);
const kernels = v.optional(perLayer(size), [5]);
const filters = v.optional(perLayer(units), [32]);
const stride = v.optional(size, 2);

const schema = v.strictObject({
  /** Frames of each kernel of the stem. */
  cnn1KernelSizes: kernels,
  /** Filters of each convolution of the stem. */
  cnn1Filters: filters,
  /** Stride of the pool behind the stem; 1: none. */
  stride1: stride,
  /** Stride of the pool behind the first block; 1: none. */
  stride2: stride,
  /** Stride of the pool behind the second block; 1: none. */
  stride3: stride,
  /** Stride of the pool behind the third block; 1: none. */
  stride4: stride,
  /** Frames of each kernel of the first block. */
  cnn2KernelSizes: kernels,
  /** Filters of each layer of the first block; empty: no block. */
  cnn2Filters: filters,
  /** Frames of each kernel of the second block. */
  cnn3KernelSizes: kernels,
  /** Filters of each layer of the second block; empty: no block. */
  cnn3Filters: filters,
  /** Frames of each kernel of the third block. */
  cnn4KernelSizes: kernels,
  /** Filters of each layer of the third block; empty: no block. */
  cnn4Filters: filters,
  /** Dropout behind each activation of the blocks and before the fully connected layers. */
  dropout: v.optional(dropoutRate, 0),
  /** Whether the batch norms have a factor. */
  bnScale: v.optional(flag, true),
  /** Width of each fully connected layer. */
  units2: v.optional(perLayer(units), [64]),
});

/** kws_streaming's reduced Xception over time (Chollet 2017, arXiv 1610.02357). */
export const xception: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions over time, features as channels, then three residual blocks of depthwise and pointwise convolutions, each followed by a maximum over time; the average over time, fully connected layers. Options are the flags of the original. Chollet 2017, arXiv 1610.02357.",
  schema,
  build(options, { frames, features, labels }) {
    const { cnn1Filters, cnn1KernelSizes, cnn2Filters, cnn2KernelSizes } = options;
    const { cnn3Filters, cnn3KernelSizes, cnn4Filters, cnn4KernelSizes, bnScale: scale } = options;
    requireEqualLengths(name, { cnn1Filters, cnn1KernelSizes });
    requireEqualLengths(name, { cnn2Filters, cnn2KernelSizes });
    requireEqualLengths(name, { cnn3Filters, cnn3KernelSizes });
    requireEqualLengths(name, { cnn4Filters, cnn4KernelSizes });
    const builder = new GraphBuilder("xception");
    let x = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = timeStem(builder, x, { filters: cnn1Filters, kernels: cnn1KernelSizes, strides: [], scale });
    x = thin(builder, "stem.pool", x, options.stride1);
    const blocks = [
      { widths: cnn2Filters, kernels: cnn2KernelSizes, stride: options.stride2 },
      { widths: cnn3Filters, kernels: cnn3KernelSizes, stride: options.stride3 },
      { widths: cnn4Filters, kernels: cnn4KernelSizes, stride: options.stride4 },
    ];
    for (const [i, { widths, kernels: sizes, stride: step }] of blocks.entries()) {
      x = residualBlock(builder, `blocks.${i}`, x, widths, sizes, { scale, dropout: options.dropout });
      x = thin(builder, `blocks.${i}.pool`, x, step);
    }
    let y = dropout(builder, globalAverage(builder, x), options.dropout);
    for (const [i, width] of options.units2.entries()) {
      const hidden = kerasNorm(builder, `hidden.${i}.norm`, denseLayer(builder, `hidden.${i}`, y, width, false), scale);
      y = activation(builder, hidden, "relu");
    }
    builder.output("logits", denseLayer(builder, "classifier", y, labels));
    return builder.finish();
  },
};

function residualBlock(
  builder: GraphBuilder,
  path: string,
  input: Value,
  widths: readonly number[],
  sizes: readonly number[],
  { scale, dropout: rate }: { scale: boolean; dropout: number },
): Value {
  const last = widths.at(-1);
  if (last === undefined) return input;
  const linear = { scale, activation: "linear" } as const;
  const finish = (x: Value): Value => dropout(builder, activation(builder, x, "relu"), rate);
  const shortcut = normalisedPointwise(builder, `${path}.shortcut`, input, last, linear);
  let x = input;
  for (const [i, width] of widths.entries()) {
    const layer = `${path}.layers.${i}`;
    const window = { kernel: [sizes[i] as number, 1], padding: "same" } as const;
    x = depthwiseLayer(builder, `${layer}.depthwise`, i > 0 ? finish(x) : x, window, false);
    x = normalisedPointwise(builder, `${layer}.pointwise`, x, width, linear);
  }
  return finish(builder.op("add", [shortcut, x]));
}
