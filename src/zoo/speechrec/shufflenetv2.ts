import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { channelShuffle } from "../blocks/channel_shuffle.js";
import { channelsOf } from "../blocks/channels.js";
import { globalAverage } from "../blocks/pool.js";
import { asMap } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { perLayer, units, whole } from "../options.js";
import { classifier, convolution, depthwise, maxPool } from "./layers.js";

const name = "speechrec/shufflenetv2";

const schema = v.strictObject({
  /** Filters of the first convolution, of each stage and of the last convolution; those of the stages are even. */
  channels: v.optional(perLayer(units), [24, 48, 96, 192, 1024]),
  /** Units of each stage; the first of each has stride 2. */
  repeats: v.optional(perLayer(whole(1, 64)), [4, 8, 4]),
});

/** ShuffleNetV2 (Ma et al. 2018, arXiv 1807.11164) of half width on the spectrogram as a picture. */
export const shufflenetV2: Architecture<typeof schema> = {
  name,
  family: "speechrec",
  documentation:
    "ShuffleNetV2 0.5x on the mel spectrogram as a picture of one channel: half of the channels pass, half are filtered, then they are shuffled. Ma et al. 2018, arXiv 1807.11164; torchvision.",
  schema,
  build({ channels, repeats }, { frames, features, labels }) {
    const stages = channels.slice(1, -1);
    if (channels.length !== repeats.length + 2 || stages.some((n) => n % 2 === 1))
      throw new UsageError(
        `${name}: channels has ${channels.join(", ")} and repeats ${repeats.join(", ")}; channels needs two more entries than repeats, and even ones for the stages`,
      );
    const builder = new GraphBuilder("shufflenetv2");
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = maxPool(builder, convolution(builder, "stem", x, channels[0] as number, { kernel: 3, stride: 2 }));
    for (const [stage, filters] of stages.entries())
      for (let i = 0; i < (repeats[stage] as number); i++) {
        const path = `stages.${stage}.${i}`;
        x = channelShuffle(builder, i === 0 ? downUnit(builder, path, x, filters) : unit(builder, path, x), 2);
      }
    x = convolution(builder, "head", x, channels.at(-1) as number, { kernel: 1 });
    builder.output("logits", classifier(builder, globalAverage(builder, x), labels));
    return builder.finish();
  },
};

/** Both branches with stride 2, half of the filters each. */
function downUnit(builder: GraphBuilder, path: string, x: Value, filters: number): Value {
  const half = filters / 2;
  const passed = depthwise(builder, `${path}.pass.depthwise`, x, 2, false);
  const left = convolution(builder, `${path}.pass.pointwise`, passed, half, { kernel: 1 });
  return builder.op("concat", [left, filtered(builder, path, x, half, 2)], { axis: -1 });
}

/** The first half of the channels passes, the second is filtered. */
function unit(builder: GraphBuilder, path: string, x: Value): Value {
  const half = channelsOf(x) / 2;
  const part = (from: number, to: number): Value =>
    builder.op("slice", [x], { begin: [0, 0, 0, from], end: [0, 0, 0, to], strides: [1, 1, 1, 1] });
  return builder.op("concat", [part(0, half), filtered(builder, path, part(half, 2 * half), half, 1)], { axis: -1 });
}

function filtered(builder: GraphBuilder, path: string, x: Value, filters: number, stride: 1 | 2): Value {
  let y = convolution(builder, `${path}.widen`, x, filters, { kernel: 1 });
  y = depthwise(builder, `${path}.depthwise`, y, stride, false);
  return convolution(builder, `${path}.pointwise`, y, filters, { kernel: 1 });
}
