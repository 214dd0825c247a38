import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { channelsOf } from "../blocks/channels.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { normalisedConvolution, normalisedPointwise } from "../blocks/normalised_convolution.js";
import { globalAverage } from "../blocks/pool.js";
import { asChannels } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, flag, magnitude, perLayer, requireEqualLengths, units, whole } from "../options.js";
import { thin, timeStem } from "./time_stem.js";

const name = "kws_streaming/inception_resnet";
const size = whole(1, 4096);

const schema = v.strictObject({
  /** Filters of each convolution of the stem. */
  cnn1Filters: v.optional(perLayer(units), [32]),
  /** Stride of the pool behind each convolution of the stem; 1: none. */
  cnn1Strides: v.optional(perLayer(size), [1]),
  /** Frames of each kernel of the stem. */
  cnn1KernelSizes: v.optional(perLayer(size), [5]),
  /** Factor of what each block adds to its input. */
  cnn2Scales: v.optional(perLayer(magnitude), [0.2, 0.5, 1]),
  /** Filters of each block's pointwise convolutions. */
  cnn2FiltersBranch0: v.optional(perLayer(units), [32, 32, 32]),
  /** Filters of each block's convolutions over time. */
  cnn2FiltersBranch1: v.optional(perLayer(units), [32, 32, 32]),
  /** Filters that each block gives. */
  cnn2FiltersBranch2: v.optional(perLayer(units), [32, 32, 64]),
  /** Stride of the pool behind each block; 1: none. */
  cnn2Strides: v.optional(perLayer(size), [2, 2, 1]),
  /** Frames of the kernels of each block. */
  cnn2KernelSizes: v.optional(perLayer(size), [3, 5, 5]),
  /** Dropout before the classifier. */
  dropout: v.optional(dropoutRate, 0.2),
  /** Whether the batch norms have a factor. */
  bnScale: v.optional(flag, false),
});

/** One block. */
interface Block {
  readonly scale: number;
  readonly pointwise: number;
  readonly overTime: number;
  readonly kernel: number;
  readonly bnScale: boolean;
}

/** kws_streaming's reduced Inception-ResNet over time (Szegedy et al. 2016, arXiv 1602.07261). */
export const inceptionResnet: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions over time, features as channels, then blocks that add two branches, scaled, to their input; the average over time. Options are the flags of the original. Szegedy et al. 2016, arXiv 1602.07261.",
  schema,
  build(options, { frames, features, labels }) {
    const { cnn1Filters, cnn1KernelSizes, cnn1Strides, cnn2Scales, cnn2FiltersBranch0, cnn2FiltersBranch1 } = options;
    const { cnn2FiltersBranch2, cnn2Strides, cnn2KernelSizes, bnScale } = options;
    requireEqualLengths(name, { cnn1Filters, cnn1KernelSizes, cnn1Strides });
    const lists = { cnn2Scales, cnn2FiltersBranch0, cnn2FiltersBranch1, cnn2FiltersBranch2, cnn2Strides, cnn2KernelSizes };
    requireEqualLengths(name, lists);
    const builder = new GraphBuilder("inception_resnet");
    let x: Value = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    const stem = { filters: cnn1Filters, kernels: cnn1KernelSizes, strides: cnn1Strides, scale: bnScale };
    x = timeStem(builder, x, stem);
    for (const [i, scale] of cnn2Scales.entries()) {
      const path = `blocks.${i}`;
      x = residualBlock(builder, path, x, {
        scale,
        pointwise: cnn2FiltersBranch0[i] as number,
        overTime: cnn2FiltersBranch1[i] as number,
        kernel: cnn2KernelSizes[i] as number,
        bnScale,
      });
      const norm = { scale: bnScale, activation: "relu" } as const;
      x = normalisedPointwise(builder, `${path}.join`, x, cnn2FiltersBranch2[i] as number, norm);
      x = thin(builder, `${path}.pool`, x, cnn2Strides[i] as number);
    }
    const pooled = dropout(builder, globalAverage(builder, x), options.dropout);
    builder.output("logits", denseLayer(builder, "classifier", pooled, labels));
    return builder.finish();
  },
};

function residualBlock(builder: GraphBuilder, path: string, x: Value, block: Block): Value {
  const norm = { scale: block.bnScale, activation: "relu" } as const;
  const window = { kernel: [block.kernel, 1], padding: "same" } as const;
  const short = normalisedPointwise(builder, `${path}.branches.0.0`, x, block.pointwise, norm);
  let long = normalisedPointwise(builder, `${path}.branches.1.0`, x, block.pointwise, norm);
  for (const n of [1, 2]) long = normalisedConvolution(builder, `${path}.branches.1.${n}`, long, block.overTime, window, norm);
  const joined = builder.op("concat", [short, long], { axis: -1 });
  const up = convolutionLayer(builder, `${path}.up`, joined, channelsOf(x), { kernel: [1, 1], padding: "same" });
  const added = kerasNorm(builder, `${path}.up.norm`, up, block.bnScale);
  const scaled = block.scale === 1 ? added : builder.op("affine", [added], { scale: block.scale, offset: 0 });
  return activation(builder, builder.op("add", [x, scaled]), "relu");
}
