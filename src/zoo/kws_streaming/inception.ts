import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { normalisedConvolution, normalisedPointwise } from "../blocks/normalised_convolution.js";
import { globalAverage } from "../blocks/pool.js";
import { asChannels } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, flag, perLayer, requireEqualLengths, units, whole } from "../options.js";
import { thin, timeStem } from "./time_stem.js";

const name = "kws_streaming/inception";
const size = whole(1, 4096);

const schema = v.strictObject({
  /** Filters of each convolution of the stem. */
  cnn1Filters: v.optional(perLayer(units), [24]),
  /** Frames of each kernel of the stem. */
  cnn1KernelSizes: v.optional(perLayer(size), [5]),
  /** Stride of the pool behind each convolution of the stem; 1: none. */
  cnn1Strides: v.optional(perLayer(size), [1]),
  /** Filters of each of the three branches of a block. */
  cnn2Filters1: v.optional(perLayer(units), [10, 10, 16]),
  /** Filters that each block gives. */
  cnn2Filters2: v.optional(perLayer(units), [10, 10, 16]),
  /** Frames of the kernels of each block. */
  cnn2KernelSizes: v.optional(perLayer(size), [5, 5, 5]),
  /** Stride of the pool behind each block; 1: none. */
  cnn2Strides: v.optional(perLayer(size), [2, 2, 1]),
  /** Dropout before the classifier. */
  dropout: v.optional(dropoutRate, 0.2),
  /** Whether the batch norms have a factor. */
  bnScale: v.optional(flag, false),
});

/** kws_streaming's reduced Inception over time (Szegedy et al. 2015, arXiv 1512.00567). */
export const inception: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions over time, features as channels, then blocks of three branches with none, one and two convolutions over time; the average over time. Options are the flags of the original. Szegedy et al. 2015, arXiv 1512.00567.",
  schema,
  build(options, { frames, features, labels }) {
    const { cnn1Filters, cnn1KernelSizes, cnn1Strides, cnn2Filters1, cnn2Filters2, cnn2KernelSizes, cnn2Strides } = options;
    requireEqualLengths(name, { cnn1Filters, cnn1KernelSizes, cnn1Strides });
    requireEqualLengths(name, { cnn2Filters1, cnn2Filters2, cnn2KernelSizes, cnn2Strides });
    const scale = options.bnScale;
    const builder = new GraphBuilder("inception");
    let x: Value = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = timeStem(builder, x, { filters: cnn1Filters, kernels: cnn1KernelSizes, strides: cnn1Strides, scale });
    for (const [i, filters] of cnn2Filters1.entries()) {
      const path = `blocks.${i}`;
      const input = x;
      const kernel = cnn2KernelSizes[i] as number;
      const branches = [0, 1, 2].map((n) => branch(builder, `${path}.branches.${n}`, input, filters, kernel, n, scale));
      const joined = builder.op("concat", branches, { axis: -1 });
      x = normalisedPointwise(builder, `${path}.join`, joined, cnn2Filters2[i] as number, { scale, activation: "relu" });
      x = thin(builder, `${path}.pool`, x, cnn2Strides[i] as number);
    }
    const pooled = dropout(builder, globalAverage(builder, x), options.dropout);
    builder.output("logits", denseLayer(builder, "classifier", pooled, labels));
    return builder.finish();
  },
};

/** A pointwise convolution and `count` convolutions over time. */
function branch(
  builder: GraphBuilder,
  path: string,
  input: Value,
  filters: number,
  kernel: number,
  count: number,
  scale: boolean,
): Value {
  const norm = { scale, activation: "relu" } as const;
  let x = normalisedPointwise(builder, `${path}.0`, input, filters, norm);
  for (let n = 1; n <= count; n++)
    x = normalisedConvolution(builder, `${path}.${n}`, x, filters, { kernel: [kernel, 1], padding: "same" }, norm);
  return x;
}
