import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { batchNormLayer } from "../blocks/batch_norm.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { dropout } from "../blocks/dropout.js";
import { globalAverage } from "../blocks/pool.js";
import { asMap } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, flag, momentum, pair, perLayer, requireEqualLengths, units } from "../options.js";

const name = "kws_streaming/ds_cnn";
const padding = v.picklist(["valid", "same"]);

const schema = v.strictObject({
  /** (time, frequency) of the first kernel. */
  cnn1KernelSize: v.optional(pair, [3, 3]),
  /** Dilation of the first convolution. */
  cnn1DilationRate: v.optional(pair, [2, 1]),
  /** Stride of the first convolution. */
  cnn1Strides: v.optional(pair, [1, 1]),
  /** Padding of the first convolution. */
  cnn1Padding: v.optional(padding, "valid"),
  /** Filters of the first convolution. */
  cnn1Filters: v.optional(units, 300),
  /** Activation of the first convolution. (The original reads the flag and takes relu all the same.) */
  cnn1Act: v.optional(activationName, "relu"),
  /** Momentum of the batch norms' moving statistics. */
  bnMomentum: v.optional(momentum, 0.98),
  /** Whether the batch norms have an offset. */
  bnCenter: v.optional(flag, true),
  /** Whether the batch norms have a factor. */
  bnScale: v.optional(flag, false),
  /** Batch renormalisation: not there, must be 0. */
  bnRenorm: v.optional(flag, false),
  /** (time, frequency) of each depthwise kernel. */
  dw2KernelSize: v.optional(perLayer(pair), [
    [3, 3],
    [3, 3],
    [10, 3],
    [5, 3],
    [10, 3],
  ]),
  /** Dilation of each depthwise convolution. */
  dw2DilationRate: v.optional(perLayer(pair), [
    [1, 1],
    [2, 2],
    [1, 1],
    [2, 2],
    [1, 1],
  ]),
  /** Stride of each depthwise convolution. */
  dw2Strides: v.optional(perLayer(pair), [
    [1, 1],
    [1, 1],
    [1, 1],
    [1, 1],
    [1, 1],
  ]),
  /** Padding of the depthwise convolutions. */
  dw2Padding: v.optional(padding, "valid"),
  /** Activation of each depthwise convolution. */
  dw2Act: v.optional(perLayer(activationName), ["relu", "relu", "relu", "relu", "relu"]),
  /** Filters of each pointwise convolution. */
  cnn2Filters: v.optional(perLayer(units), [300, 300, 300, 300, 300]),
  /** Activation of each pointwise convolution. */
  cnn2Act: v.optional(perLayer(activationName), ["relu", "relu", "relu", "relu", "relu"]),
  /** Dropout before the classifier. */
  dropout1: v.optional(dropoutRate, 0.2),
});

/** kws_streaming's depthwise separable network (Rybakov et al. 2020, arXiv 2005.06720). */
export const dsCnn: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "A convolution, pairs of depthwise and pointwise convolutions, each with batch norm, the average over the map. Options are the flags of the original; bn_renorm is not there. Rybakov et al. 2020, arXiv 2005.06720; Howard et al. 2017, arXiv 1704.04861.",
  schema,
  build(options, { frames, features, labels }) {
    const { dw2KernelSize, dw2DilationRate, dw2Strides, dw2Act, cnn2Filters, cnn2Act } = options;
    requireEqualLengths(name, { dw2KernelSize, dw2DilationRate, dw2Strides, dw2Act, cnn2Filters, cnn2Act });
    if (options.bnRenorm) throw new UsageError(`${name}: bnRenorm, batch renormalisation, is not there; leave it 0`);
    const { bnMomentum, bnCenter: center, bnScale: scale } = options;
    const builder = new GraphBuilder("ds_cnn");
    const norm = (path: string, x: Value): Value =>
      batchNormLayer(builder, path, x, { epsilon: 0.001, momentum: bnMomentum, center, scale });
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = convolutionLayer(builder, "stem.convolution", x, options.cnn1Filters, {
      kernel: options.cnn1KernelSize,
      dilations: options.cnn1DilationRate,
      strides: options.cnn1Strides,
      padding: options.cnn1Padding,
    });
    x = activation(builder, norm("stem.norm", x), options.cnn1Act);
    for (const [i, filters] of cnn2Filters.entries()) {
      const path = `blocks.${i}`;
      x = depthwiseLayer(builder, `${path}.depthwise`, x, {
        kernel: dw2KernelSize[i] as [number, number],
        dilations: dw2DilationRate[i] as [number, number],
        strides: dw2Strides[i] as [number, number],
        padding: options.dw2Padding,
      });
      x = activation(builder, norm(`${path}.depthwise_norm`, x), dw2Act[i] ?? "linear");
      x = convolutionLayer(builder, `${path}.pointwise`, x, filters, { kernel: [1, 1], padding: "valid" });
      x = activation(builder, norm(`${path}.pointwise_norm`, x), cnn2Act[i] ?? "linear");
    }
    const pooled = dropout(builder, globalAverage(builder, x), options.dropout1);
    builder.output("logits", denseLayer(builder, "classifier", pooled, labels));
    return builder.finish();
  },
};
