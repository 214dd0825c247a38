import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { channelsOf } from "../blocks/channels.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { normalisedConvolution, normalisedDepthwise, normalisedPointwise } from "../blocks/normalised_convolution.js";
import { globalAverage } from "../blocks/pool.js";
import { asChannels } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, flag, pair, perLayer, requireEqualLengths, units } from "../options.js";
import { mobilenetEntries } from "./mobilenet_entries.js";

const name = "kws_streaming/mobilenet_v2";

const schema = v.strictObject({
  ...mobilenetEntries,
  /** Stride of each block. */
  cnnStrides: v.optional(perLayer(pair), [
    [1, 1],
    [2, 2],
    [1, 1],
    [1, 1],
  ]),
  /** Filters that each block gives. */
  cnnFilters: v.optional(perLayer(units), [32, 32, 64, 64]),
  /** Filters inside each block as a multiple of those that it is given, rounded down. */
  cnnExpansions: v.optional(perLayer(v.pipe(v.number(), v.gtValue(0), v.maxValue(64))), [1.5, 1.5, 1.5, 1.5]),
  /** Dropout before the classifier. */
  dropout: v.optional(dropoutRate, 0.2),
  /** Whether the batch norms have a factor; that at a block's end always has. */
  bnScale: v.optional(flag, false),
});

/** kws_streaming's reduced MobileNetV2 over time (Sandler et al. 2018, arXiv 1801.04381). */
export const mobilenetV2: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "A convolution over time, features as channels, then inverted residual blocks: widened, filtered over time, narrowed; the average over time. Options are the flags of the original. Sandler et al. 2018, arXiv 1801.04381.",
  schema,
  build(options, { frames, features, labels }) {
    const { dsKernelSize, cnnStrides, cnnFilters, cnnExpansions, bnScale } = options;
    requireEqualLengths(name, { dsKernelSize, cnnStrides, cnnFilters, cnnExpansions });
    const builder = new GraphBuilder("mobilenet_v2");
    const norm = { scale: bnScale, activation: "relu6" } as const;
    let x: Value = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    const first = { kernel: options.cnn1KernelSize, strides: options.cnn1Strides, padding: "valid" } as const;
    x = normalisedConvolution(builder, "stem", x, options.cnn1Filters, first, norm);
    for (const [i, filters] of cnnFilters.entries()) {
      const input = x;
      const path = `blocks.${i}`;
      const strides = cnnStrides[i] as [number, number];
      const widened = Math.max(1, Math.floor((cnnExpansions[i] as number) * channelsOf(x)));
      const window = { kernel: dsKernelSize[i] as [number, number], strides, padding: "same" } as const;
      x = normalisedPointwise(builder, `${path}.widen`, x, widened, norm);
      x = normalisedDepthwise(builder, `${path}.depthwise`, x, window, norm);
      x = convolutionLayer(builder, `${path}.narrow`, x, filters, { kernel: [1, 1], padding: "same" }, false);
      x = kerasNorm(builder, `${path}.narrow.norm`, x);
      if (channelsOf(input) === filters && strides.every((n) => n === 1)) x = builder.op("add", [input, x]);
    }
    const pooled = dropout(builder, globalAverage(builder, x), options.dropout);
    builder.output("logits", denseLayer(builder, "classifier", pooled, labels));
    return builder.finish();
  },
};
