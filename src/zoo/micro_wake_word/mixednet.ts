import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { channelsOf } from "../blocks/channels.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { globalAverage } from "../blocks/pool.js";
import { asChannels, flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { flag, perLayer, requireEqualLengths, units, whole } from "../options.js";

const name = "micro_wake_word/mixednet";
const kernel = whole(1, 4096);

const schema = v.strictObject({
  /** Filters of each block. */
  pointwiseFilters: v.optional(perLayer(units), [64, 64, 64, 64]),
  /** Convolutions in each block. */
  repeatInBlock: v.optional(perLayer(whole(1, 64)), [1, 1, 1, 1]),
  /** Frames that the depthwise convolutions of each block see, in rising order; the channels are shared out among them. */
  mixconvKernelSizes: v.optional(perLayer(perLayer(kernel)), [[5], [9], [13], [21]]),
  /** Whether each block's input, projected, is added to what each of its convolutions gives. */
  residualConnection: v.optional(perLayer(flag), [false, false, false, false]),
  /** Filters of the first convolution; 0: there is none. */
  firstConvFilters: v.optional(whole(0, 16_384), 32),
  /** Frames that it sees. */
  firstConvKernelSize: v.optional(kernel, 5),
  /** Its stride in frames: so many come between two results. */
  stride: v.optional(whole(1, 64), 3),
  /** Mean over the frames that are left instead of all of them. */
  pooled: v.optional(flag, false),
  /** Largest value instead of the mean. */
  maxPool: v.optional(flag, false),
});

/** microWakeWord's mixednet (Kevin Ahrendt), the network of ESPHome's wake words. */
export const mixednet: Architecture<typeof schema> = {
  name,
  family: "micro_wake_word",
  documentation:
    "A strided convolution over time, features as channels, then blocks of depthwise convolutions of several lengths and pointwise ones with batch norm and ReLU, without padding; all frames that are left. Two labels are one output z, as (0, z): its sigmoid is the second one's probability. microWakeWord, mixednet; MixConv: Tan and Le 2019, arXiv 1907.09595.",
  schema,
  build(options, { frames, features, labels }) {
    const { pointwiseFilters, repeatInBlock, mixconvKernelSizes, residualConnection } = options;
    requireEqualLengths(name, { pointwiseFilters, repeatInBlock, mixconvKernelSizes, residualConnection });
    for (const sizes of mixconvKernelSizes) requireRising(sizes);
    const builder = new GraphBuilder("mixednet");
    let x: Value = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    if (options.firstConvFilters > 0) {
      const window = { kernel: [options.firstConvKernelSize, 1], strides: [options.stride, 1], padding: "valid" } as const;
      x = activation(builder, convolutionLayer(builder, "stem", x, options.firstConvFilters, window, false), "relu");
    }
    for (const [i, filters] of pointwiseFilters.entries()) {
      const path = `blocks.${i}`;
      const input = residualConnection[i] ? pointwise(builder, `${path}.residual`, x, filters) : undefined;
      for (let j = 0; j < (repeatInBlock[i] as number); j++) {
        x = mixedConvolution(builder, `${path}.${j}`, x, mixconvKernelSizes[i] as readonly number[]);
        x = pointwise(builder, `${path}.${j}.pointwise`, x, filters);
        if (input) x = builder.op("add", [x, lastFrames(builder, input, framesOf(x))]);
        x = activation(builder, x, "relu");
      }
    }
    builder.output("logits", scores(builder, pooledOf(builder, x, options), labels));
    return builder.finish();
  },
};

const framesOf = (x: Value): number => x.type.shape[1] as number;

/** Pointwise convolution with batch norm. */
function pointwise(builder: GraphBuilder, path: string, x: Value, filters: number): Value {
  const y = convolutionLayer(builder, path, x, filters, { kernel: [1, 1], padding: "same" }, false);
  return kerasNorm(builder, `${path}.norm`, y);
}

/** The channels in groups, each with a depthwise convolution of its own length; results that end together stand side by side. */
function mixedConvolution(builder: GraphBuilder, path: string, x: Value, sizes: readonly number[]): Value {
  const channels = channelsOf(x);
  const share = Math.floor(channels / sizes.length);
  if (share === 0)
    throw new UsageError(`${name}: ${channels} channels cannot be shared among kernels of ${sizes.join(", ")} frames`);
  let from = 0;
  const parts = sizes.map((size, i) => {
    // The first group takes what is left over.
    const to = from + share + (i === 0 ? channels - share * sizes.length : 0);
    const part =
      sizes.length === 1 ? x : builder.op("slice", [x], { begin: [0, 0, 0, from], end: [0, 0, 0, to], strides: [1, 1, 1, 1] });
    from = to;
    return depthwiseLayer(builder, `${path}.depthwise.${i}`, part, { kernel: [size, 1], padding: "valid" }, false);
  });
  if (parts.length === 1) return parts[0] as Value;
  const least = Math.min(...parts.map(framesOf));
  return builder.op(
    "concat",
    parts.map((part) => lastFrames(builder, part, least)),
    { axis: -1 },
  );
}

function lastFrames(builder: GraphBuilder, x: Value, count: number): Value {
  const dropped = framesOf(x) - count;
  if (dropped === 0) return x;
  return builder.op("slice", [x], { begin: [0, dropped, 0, 0], end: [0, 0, 0, 0], strides: [1, 1, 1, 1] });
}

function pooledOf(builder: GraphBuilder, x: Value, { pooled, maxPool }: { pooled: boolean; maxPool: boolean }): Value {
  if (!pooled) return flatten(builder, x);
  return maxPool ? builder.op("max", [x], { axes: [1, 2], keep: false }) : globalAverage(builder, x);
}

function scores(builder: GraphBuilder, x: Value, labels: number): Value {
  if (labels !== 2) return denseLayer(builder, "classifier", x, labels);
  return builder.op("pad", [denseLayer(builder, "classifier", x, 1)], { before: [0, 1], after: [0, 0] });
}

function requireRising(sizes: readonly number[]): void {
  if (sizes.length > 0 && sizes.every((size, i) => i === 0 || size >= (sizes[i - 1] as number))) return;
  throw new UsageError(
    `${name}: mixconvKernelSizes has [${sizes.join(", ")}]; give each block its kernels in rising order, for example [5], [7,11]`,
  );
}
