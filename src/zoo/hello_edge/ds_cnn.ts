import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { dropout } from "../blocks/dropout.js";
import { asMap } from "../blocks/shape.js";
import type { Window } from "../blocks/window.js";
import type { Architecture } from "../model.js";
import { dropoutRate, units } from "../options.js";
import { normalised, normalisedEntries } from "./normalised.js";

const name = "hello_edge/ds_cnn";
const small = [5, 64, 10, 4, 2, 2, 64, 3, 3, 1, 1, 64, 3, 3, 1, 1, 64, 3, 3, 1, 1, 64, 3, 3, 1, 1];

const schema = v.strictObject({
  /** Number of layers, then for each: features kt kf st sf, as `--model-size-info` has it. */
  modelSizeInfo: v.optional(v.pipe(v.array(units), v.maxLength(1 + 5 * 128)), small),
  ...normalisedEntries,
  /** Dropout behind the first layer (MLPerf Tiny: 0.2). */
  dropout1: v.optional(dropoutRate, 0),
  /** Dropout before the average pool (MLPerf Tiny: 0.4). */
  dropout2: v.optional(dropoutRate, 0),
});

/** Hello Edge's depthwise separable network (Zhang et al. 2017, arXiv 1711.07128), also the network of MLPerf Tiny. */
export const dsCnn: Architecture<typeof schema> = {
  name,
  family: "hello_edge",
  documentation:
    "A convolution, then pairs of depthwise and pointwise convolutions, each with batch norm and ReLU, then the average over the map. modelSizeInfo: number of layers, then for each layer features, kernel in time and frequency, stride in time and frequency. Zhang et al. 2017, arXiv 1711.07128; MLPerf Tiny's keyword spotting model with size S.",
  schema,
  build({ modelSizeInfo, bias, dropout1, dropout2, ...norm }, { frames, features, labels }) {
    const builder = new GraphBuilder("ds_cnn");
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, { filters, window }] of layersOf(modelSizeInfo).entries()) {
      if (i === 0) {
        x = normalised(builder, "stem.norm", convolutionLayer(builder, "stem.convolution", x, filters, window, bias), norm);
        x = dropout(builder, x, dropout1);
        continue;
      }
      const path = `blocks.${i - 1}`;
      x = depthwiseLayer(builder, `${path}.depthwise`, x, window, bias);
      x = normalised(builder, `${path}.depthwise_norm`, x, norm);
      x = convolutionLayer(builder, `${path}.pointwise`, x, filters, { kernel: [1, 1], padding: "same" }, bias);
      x = normalised(builder, `${path}.pointwise_norm`, x, norm);
    }
    const pooled = builder.op("mean", [dropout(builder, x, dropout2)], { axes: [1, 2], keep: false });
    builder.output("logits", denseLayer(builder, "classifier", pooled, labels));
    return builder.finish();
  },
};

function layersOf(sizes: readonly number[]): { filters: number; window: Window }[] {
  const layers = sizes[0] ?? 0;
  const needed = 1 + 5 * layers;
  if (layers === 0 || sizes.length !== needed) {
    throw new UsageError(
      `${name}: --model-size-info has ${sizes.length} numbers and needs ${layers === 0 ? "at least 6" : `${needed} for ${layers} layers`}: the number of layers, then for each layer features, kernel in time and frequency, stride in time and frequency`,
    );
  }
  return Array.from({ length: layers }, (_, i) => {
    const [filters, kt, kf, st, sf] = sizes.slice(1 + 5 * i) as [number, number, number, number, number];
    return { filters, window: { kernel: [kt, kf], strides: [st, sf], padding: "same" } };
  });
}
