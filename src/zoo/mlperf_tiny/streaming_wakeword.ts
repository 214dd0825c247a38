import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { dropout } from "../blocks/dropout.js";
import { normalisedPointwise } from "../blocks/normalised_convolution.js";
import { asChannels, flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, perLayer, requireEqualLengths, units, whole } from "../options.js";

const name = "mlperf_tiny/streaming_wakeword";

const schema = v.strictObject({
  /** Frames that each depthwise convolution sees. */
  kernelSizes: v.optional(perLayer(whole(1, 4096)), [3, 5, 10, 15]),
  /** Channels behind each. */
  filters: v.optional(perLayer(units), [128, 128, 128, 32]),
  /** Dropout behind each. */
  dropout: v.optional(dropoutRate, 0.2),
});

/** MLPerf Tiny's streaming wake word model. */
export const streamingWakeword: Architecture<typeof schema> = {
  name,
  family: "mlperf_tiny",
  documentation:
    "Depthwise convolutions over time without padding, each followed by a pointwise one with batch norm and ReLU, until one frame is left. MLPerf Tiny, streaming wake word (sww01).",
  schema,
  build({ kernelSizes, filters, dropout: rate }, { frames, features, labels }) {
    requireEqualLengths(name, { kernelSizes, filters });
    const builder = new GraphBuilder("streaming_wakeword");
    let x: Value = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, width] of filters.entries()) {
      const window = { kernel: [kernelSizes[i] as number, 1], padding: "valid" } as const;
      x = depthwiseLayer(builder, `blocks.${i}.depthwise`, x, window, false);
      x = normalisedPointwise(builder, `blocks.${i}.pointwise`, x, width, { scale: true, activation: "relu" });
      x = dropout(builder, x, rate);
    }
    builder.output("logits", denseLayer(builder, "classifier", flatten(builder, x), labels));
    return builder.finish();
  },
};
