import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { type ActivationName, activation } from "../blocks/activation.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { dropout } from "../blocks/dropout.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { globalAverage, pool } from "../blocks/pool.js";
import { asChannels } from "../blocks/shape.js";
import { padTime, type TimePadding } from "../blocks/time_padding.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, flag, perLayer, requireEqualLengths, units, whole } from "../options.js";

const name = "kws_streaming/ds_tc_resnet";
const size = whole(1, 4096);
const none = [1, 1, 1, 1, 1, 1];

const schema = v.strictObject({
  /** Activation of all layers. */
  activation: v.optional(activationName, "relu"),
  /** Dropout behind each activation. */
  dropout: v.optional(dropoutRate, 0),
  /** Filters of each block. */
  dsFilters: v.optional(perLayer(units), [128, 64, 64, 64, 128, 128]),
  /** Layers of each block. */
  dsRepeat: v.optional(perLayer(whole(1, 64)), none),
  /** Whether each block's convolutions are depthwise ones with pointwise ones behind. */
  dsFilterSeparable: v.optional(perLayer(flag), [true, true, true, true, true, true]),
  /** Whether each block has a shortcut. */
  dsResidual: v.optional(perLayer(flag), [false, true, true, true, false, false]),
  /** Padding in time of each block: same, causal or valid. */
  dsPadding: v.optional(perLayer(v.picklist(["same", "causal", "valid"])), ["same", "same", "same", "same", "same", "same"]),
  /** Frames of each block's kernels; 0: no depthwise convolution. */
  dsKernelSize: v.optional(perLayer(whole(0, 4096)), [11, 13, 15, 17, 29, 1]),
  /** Stride in time of each block's depthwise convolutions. */
  dsStride: v.optional(perLayer(size), none),
  /** Dilation in time of each block. */
  dsDilation: v.optional(perLayer(size), [1, 1, 1, 1, 2, 1]),
  /** Frames of which each block gives one. */
  dsPool: v.optional(perLayer(size), none),
  /** Whether that is the largest rather than the mean. */
  dsMaxPool: v.optional(flag, false),
  /** Whether the batch norms have a factor. */
  dsScale: v.optional(flag, true),
});

interface Block {
  readonly filters: number;
  readonly repeat: number;
  readonly separable: boolean;
  readonly residual: boolean;
  readonly padding: TimePadding;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

interface Common {
  readonly activation: ActivationName;
  readonly dropout: number;
  readonly dsScale: boolean;
}

/** kws_streaming's separable residual network over time, MatchboxNet (Majumdar and Ginsburg 2020, arXiv 2004.08531). */
export const dsTcResnet: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Blocks of depthwise convolutions over time and pointwise ones, features as channels, some with a shortcut; the average over time. Options are the flags of the original. Majumdar and Ginsburg 2020, arXiv 2004.08531.",
  schema,
  build(options, { frames, features, labels }) {
    const { dsFilters, dsRepeat, dsFilterSeparable, dsResidual, dsPadding, dsKernelSize, dsStride, dsDilation, dsPool } = options;
    const lists = { dsFilters, dsRepeat, dsFilterSeparable, dsResidual, dsPadding, dsKernelSize, dsStride, dsDilation, dsPool };
    requireEqualLengths(name, lists);
    const builder = new GraphBuilder("ds_tc_resnet");
    let x = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, filters] of dsFilters.entries()) {
      const block: Block = {
        filters,
        repeat: dsRepeat[i] as number,
        separable: dsFilterSeparable[i] as boolean,
        residual: dsResidual[i] as boolean,
        padding: dsPadding[i] ?? "same",
        kernel: dsKernelSize[i] as number,
        stride: dsStride[i] as number,
        dilation: dsDilation[i] as number,
      };
      const path = `blocks.${i}`;
      x = residualBlock(builder, path, x, block, options);
      x = pool(builder, `${path}.pool`, x, options.dsMaxPool ? "max" : "average", [dsPool[i] as number, 1]);
    }
    builder.output("logits", denseLayer(builder, "classifier", globalAverage(builder, x), labels));
    return builder.finish();
  },
};

function residualBlock(builder: GraphBuilder, path: string, input: Value, block: Block, common: Common): Value {
  const finish = (x: Value): Value => dropout(builder, activation(builder, x, common.activation), common.dropout);
  let x = input;
  for (let r = 0; r < block.repeat; r++) {
    if (r > 0) x = finish(x);
    const layer = `${path}.layers.${r}`;
    x = kerasNorm(builder, `${layer}.norm`, convolution(builder, layer, x, block), common.dsScale);
  }
  if (block.residual) {
    const shortcut = convolutionLayer(builder, `${path}.shortcut`, input, block.filters, pointwise, false);
    x = builder.op("add", [x, kerasNorm(builder, `${path}.shortcut.norm`, shortcut, common.dsScale)]);
  }
  return finish(x);
}

const pointwise = { kernel: [1, 1], padding: "valid" } as const;

function convolution(builder: GraphBuilder, path: string, x: Value, block: Block): Value {
  const { filters, kernel, dilation, separable } = block;
  const stride = separable ? block.stride : 1;
  const window = {
    kernel: [Math.max(1, kernel), 1],
    strides: [stride, 1],
    dilations: [dilation, 1],
    padding: "valid",
  } as const;
  const padded = kernel > 0 ? padTime(builder, x, window, block.padding) : x;
  if (!separable) return convolutionLayer(builder, `${path}.convolution`, padded, filters, window, false);
  const filtered = kernel > 0 ? depthwiseLayer(builder, `${path}.depthwise`, padded, window, false) : x;
  return convolutionLayer(builder, `${path}.pointwise`, filtered, filters, pointwise, false);
}
