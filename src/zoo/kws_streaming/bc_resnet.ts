import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { channelDropout } from "../blocks/dropout.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { globalAverage, pool } from "../blocks/pool.js";
import { asMap } from "../blocks/shape.js";
import { subSpectralNorm } from "../blocks/sub_spectral_norm.js";
import { padFrequency } from "../blocks/time_padding.js";
import type { Window } from "../blocks/window.js";
import type { Architecture } from "../model.js";
import { dropoutRate, flag, pair, perLayer, requireEqualLengths, units, whole } from "../options.js";

const name = "kws_streaming/bc_resnet";

const schema = v.strictObject({
  /** Dropout of channels in each stage. */
  dropouts: v.optional(perLayer(dropoutRate), [0.5, 0.5, 0.5, 0.5]),
  /** Channels of each stage. */
  filters: v.optional(perLayer(units), [8, 12, 16, 20]),
  /** Normal blocks of each stage, behind its transition block. */
  blocksN: v.optional(perLayer(whole(0, 64)), [2, 2, 4, 4]),
  /** Stride of each stage's transition block. */
  strides: v.optional(perLayer(pair), [
    [1, 1],
    [1, 2],
    [1, 2],
    [1, 1],
  ]),
  /** Dilation of each stage. */
  dilations: v.optional(perLayer(pair), [
    [1, 1],
    [2, 1],
    [3, 1],
    [3, 1],
  ]),
  /** Padding in time: same or causal. */
  paddings: v.optional(v.picklist(["same", "causal"]), "same"),
  /** Filters of the first convolution. */
  firstFilters: v.optional(units, 16),
  /** Filters of the last convolution before the labels. */
  lastFilters: v.optional(units, 32),
  /** Parts of the frequencies that have statistics of their own. */
  subGroups: v.optional(whole(1, 4096), 5),
  /** Frames of which each stage gives one. */
  pools: v.optional(perLayer(whole(1, 4096)), [1, 1, 1, 1]),
  /** Whether that is the largest rather than the mean. */
  maxPool: v.optional(flag, false),
});

/** One stage's blocks. */
interface Block {
  readonly filters: number;
  readonly dilations: readonly [number, number];
  readonly padding: "same" | "causal";
  readonly dropout: number;
  readonly groups: number;
}

/** kws_streaming's broadcasted residual network (Kim et al. 2021, arXiv 2106.04140). */
export const bcResnet: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Blocks that filter frequencies, then time on the mean of the frequencies, whose result is added to all of them; sub-spectral norms. Options are the flags of the original. Kim et al. 2021, arXiv 2106.04140, in the form of kws_streaming.",
  schema,
  build(options, { frames, features, labels }) {
    const { dropouts, filters, blocksN, strides, dilations, pools, paddings } = options;
    requireEqualLengths(name, { dropouts, filters, blocksN, strides, dilations, pools });
    const builder = new GraphBuilder("bc_resnet");
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    const [stem, stemWindow] = padded(builder, x, { kernel: [5, 5], strides: [1, 2], padding: paddings });
    x = convolutionLayer(builder, "stem", stem, options.firstFilters, stemWindow);
    for (const [i, width] of filters.entries()) {
      const path = `stages.${i}`;
      const block: Block = {
        filters: width,
        dilations: dilations[i] as [number, number],
        padding: paddings,
        dropout: dropouts[i] as number,
        groups: options.subGroups,
      };
      x = transitionBlock(builder, `${path}.transition`, x, block, strides[i] as [number, number]);
      for (let n = 0; n < (blocksN[i] as number); n++) x = normalBlock(builder, `${path}.blocks.${n}`, x, block);
      x = pool(builder, `${path}.pool`, x, options.maxPool ? "max" : "average", [pools[i] as number, 1]);
    }
    const [last, lastWindow] = padded(builder, x, { kernel: [5, 5], padding: paddings });
    x = depthwiseLayer(builder, "last.depthwise", last, lastWindow);
    x = convolutionLayer(builder, "last.pointwise", meanFrequency(builder, x), options.lastFilters, pointwise, false);
    builder.output("logits", denseLayer(builder, "classifier", globalAverage(builder, x), labels, false));
    return builder.finish();
  },
};

const pointwise = { kernel: [1, 1], padding: "valid" } as const;

/** The map with its zeros in frequency, where time is padded on the left alone. */
function padded(builder: GraphBuilder, x: Value, window: Window): [Value, Window] {
  return [window.padding === "causal" ? padFrequency(builder, x, window) : x, window];
}

function meanFrequency(builder: GraphBuilder, x: Value): Value {
  return builder.op("mean", [x], { axes: [2], keep: true });
}

function transitionBlock(builder: GraphBuilder, path: string, x: Value, block: Block, strides: readonly [number, number]): Value {
  const window: Window = { ...pointwise, strides };
  const widened = convolutionLayer(builder, `${path}.widen`, x, block.filters, window, false);
  const input = activation(builder, kerasNorm(builder, `${path}.widen.norm`, widened), "relu");
  const { filtered, broadcast } = branches(builder, path, input, block);
  return activation(builder, builder.op("add", [filtered, broadcast]), "relu");
}

function normalBlock(builder: GraphBuilder, path: string, x: Value, block: Block): Value {
  const { filtered, broadcast } = branches(builder, path, x, block);
  return activation(builder, builder.op("add", [builder.op("add", [x, filtered]), broadcast]), "relu");
}

/** The map filtered over frequency, [B, T, F, C], and its mean over frequency filtered over time, [B, T, 1, C]. */
function branches(builder: GraphBuilder, path: string, x: Value, block: Block): { filtered: Value; broadcast: Value } {
  const { dilations } = block;
  const overFrequency: Window = { kernel: [1, 3], dilations, padding: "same" };
  const overTime: Window = { kernel: [3, 1], dilations, padding: block.padding };
  let filtered = depthwiseLayer(builder, `${path}.frequency`, x, overFrequency, false);
  filtered = subSpectralNorm(builder, `${path}.frequency.norm`, filtered, block.groups);
  let broadcast = depthwiseLayer(builder, `${path}.time`, meanFrequency(builder, filtered), overTime, false);
  broadcast = activation(builder, kerasNorm(builder, `${path}.time.norm`, broadcast), "swish");
  broadcast = convolutionLayer(builder, `${path}.pointwise`, broadcast, block.filters, pointwise, false);
  return { filtered, broadcast: channelDropout(builder, broadcast, block.dropout) };
}
