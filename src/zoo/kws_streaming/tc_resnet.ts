import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { batchNormLayer } from "../blocks/batch_norm.js";
import { channelsOf } from "../blocks/channels.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { layerNorm } from "../blocks/layer_norm.js";
import { globalAverage, pool } from "../blocks/pool.js";
import { asChannels, asMap } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, flag, momentum, pair, perLayer, units, whole } from "../options.js";

const name = "kws_streaming/tc_resnet";

const schema = v.strictObject({
  /** Channels of the first convolution, then of each residual block. */
  channels: v.optional(perLayer(units), [24, 36, 36, 48, 48, 72, 72]),
  /** Convolutions over time and frequency, all 3 by 3, instead of time alone. */
  debug2d: v.optional(flag, false),
  /** (time, frequency) of the average pool behind the first convolution; empty: none. */
  poolSize: v.optional(v.pipe(v.array(whole(1, 4096)), v.maxLength(2)), []),
  /** (time, frequency) of the kernels of the blocks. */
  kernelSize: v.optional(pair, [9, 1]),
  /** Stride of the average pool; 0: the pool's size. */
  poolStride: v.optional(whole(0, 4096), 0),
  /** Momentum of the batch norms' moving statistics. */
  bnMomentum: v.optional(momentum, 0.997),
  /** Whether the batch norms have an offset. */
  bnCenter: v.optional(flag, true),
  /** Whether the batch norms have a factor. */
  bnScale: v.optional(flag, true),
  /** Batch renormalisation: not there, must be 0. */
  bnRenorm: v.optional(flag, false),
  /** 0: batch norm. 1: layer norm. 2 or more: layer norm by the mean magnitude. */
  useLayerNorm: v.optional(whole(0, 1000), 0),
  /** Whether the layer norms have an offset. */
  lnCenter: v.optional(flag, true),
  /** Whether the layer norms have a factor. */
  lnScale: v.optional(flag, true),
  /** Axes that a layer norm takes together. */
  lnAxis: v.optional(v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(-3), v.maxValue(3))), v.minLength(1)), [-1]),
  /** Dropout before the classifier. */
  dropout: v.optional(dropoutRate, 0.2),
});

type Options = v.InferOutput<typeof schema>;

/** kws_streaming's temporal convolution network (Choi et al. 2019, arXiv 1904.03814). */
export const tcResnet: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions over time, features as channels, in residual blocks; a block that changes the number of channels halves the time. Options are the flags of the original; bn_renorm is not there, and with use_layer_norm 2 the shortcut normalises itself, where the original normalises the main branch by mistake. Choi et al. 2019, arXiv 1904.03814.",
  schema,
  build(options, { frames, features, labels }) {
    const [first, ...others] = options.channels;
    if (first === undefined) throw new UsageError(`${name}: channels is empty; give at least those of the first convolution`);
    if (options.bnRenorm) throw new UsageError(`${name}: bnRenorm, batch renormalisation, is not there; leave it 0`);
    if (options.lnAxis.includes(0)) throw new UsageError(`${name}: lnAxis 0 is the batch; take 1, 2, 3 or -1, -2, -3`);
    const builder = new GraphBuilder("tc_resnet");
    const input = builder.input("features", tensor("f32", [1, frames, features]));
    const kernel: readonly [number, number] = options.debug2d ? [3, 3] : options.kernelSize;
    const layer = (path: string, x: Value, filters: number, stride: number, size = kernel): Value => {
      const window = { kernel: size, strides: [stride, stride], padding: "same" } as const;
      return norm(builder, `${path}.norm`, convolutionLayer(builder, path, x, filters, window), options);
    };
    const relu = (x: Value): Value => activation(builder, x, "relu");
    let x = options.debug2d ? asMap(builder, input) : asChannels(builder, input);
    x = relu(layer("stem", x, first, 1, options.debug2d ? [3, 3] : [3, 1]));
    x = stemPool(builder, x, options);
    for (const [i, filters] of others.entries()) {
      const path = `blocks.${i}`;
      const changes = filters !== channelsOf(x);
      const stride = changes ? 2 : 1;
      const shortcut = changes ? relu(layer(`${path}.shortcut`, x, filters, stride, [1, 1])) : x;
      const main = layer(`${path}.second`, relu(layer(`${path}.first`, x, filters, stride)), filters, 1);
      x = relu(builder.op("add", [main, shortcut]));
    }
    const pooled = dropout(builder, globalAverage(builder, x), options.dropout);
    builder.output("logits", denseLayer(builder, "classifier", pooled, labels));
    return builder.finish();
  },
};

function norm(builder: GraphBuilder, path: string, x: Value, options: Options): Value {
  const { useLayerNorm, lnAxis: axes, lnCenter: center, lnScale: scale } = options;
  if (useLayerNorm > 0)
    return layerNorm(builder, path, x, { axes, center, scale, by: useLayerNorm === 1 ? "deviation" : "absolute" });
  const { bnMomentum, bnCenter, bnScale } = options;
  return batchNormLayer(builder, path, x, { epsilon: 0.001, momentum: bnMomentum, center: bnCenter, scale: bnScale });
}

function stemPool(builder: GraphBuilder, x: Value, { poolSize, poolStride }: Options): Value {
  const [height, width = height] = poolSize;
  if (height === undefined || width === undefined) return x;
  const strides: readonly [number, number] = poolStride > 0 ? [poolStride, poolStride] : [height, width];
  return pool(builder, "pool", x, "average", [height, width], strides);
}
