import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { normalisedConvolution, normalisedDepthwise, normalisedPointwise } from "../blocks/normalised_convolution.js";
import { globalAverage } from "../blocks/pool.js";
import { asChannels } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, flag, pair, perLayer, requireEqualLengths, units } from "../options.js";
import { mobilenetEntries } from "./mobilenet_entries.js";

const name = "kws_streaming/mobilenet";

const schema = v.strictObject({
  ...mobilenetEntries,
  /** Stride of each depthwise convolution; only those of stride 1 are padded. */
  dsStrides: v.optional(perLayer(pair), [
    [2, 2],
    [2, 2],
    [1, 1],
    [1, 1],
  ]),
  /** Filters of each pointwise convolution. */
  cnnFilters: v.optional(perLayer(units), [32, 64, 128, 128]),
  /** Dropout before the classifier. */
  dropout: v.optional(dropoutRate, 0.2),
  /** Whether the batch norms have a factor. */
  bnScale: v.optional(flag, true),
});

/** kws_streaming's reduced MobileNet over time (Howard et al. 2017, arXiv 1704.04861). */
export const mobilenet: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "A convolution over time, features as channels, then depthwise and pointwise convolutions, each with batch norm and ReLU6; the average over time. Options are the flags of the original. Howard et al. 2017, arXiv 1704.04861.",
  schema,
  build(options, { frames, features, labels }) {
    const { dsKernelSize, dsStrides, cnnFilters, bnScale } = options;
    requireEqualLengths(name, { dsKernelSize, dsStrides, cnnFilters });
    const builder = new GraphBuilder("mobilenet");
    const norm = { scale: bnScale, activation: "relu6" } as const;
    let x = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    const first = { kernel: options.cnn1KernelSize, strides: options.cnn1Strides, padding: "valid" } as const;
    x = normalisedConvolution(builder, "stem", x, options.cnn1Filters, first, norm);
    for (const [i, filters] of cnnFilters.entries()) {
      const strides = dsStrides[i] as [number, number];
      const padding = strides.every((n) => n === 1) ? "same" : "valid";
      const window = { kernel: dsKernelSize[i] as [number, number], strides, padding } as const;
      x = normalisedDepthwise(builder, `blocks.${i}.depthwise`, x, window, norm);
      x = normalisedPointwise(builder, `blocks.${i}.pointwise`, x, filters, norm);
    }
    const pooled = dropout(builder, globalAverage(builder, x), options.dropout);
    builder.output("logits", denseLayer(builder, "classifier", pooled, labels));
    return builder.finish();
  },
};
