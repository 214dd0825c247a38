import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { channelsOf } from "../blocks/channels.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { globalAverage } from "../blocks/pool.js";
import { asMap } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate } from "../options.js";
import { convolution, depthwise } from "./layers.js";

const schema = v.strictObject({
  /** Factor of all widths, which are then rounded to multiples of 8. */
  widthMultiplier: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(4)), 1 / 32),
  /** Dropout before the classifier. */
  dropout: v.optional(dropoutRate, 0.2),
});

/** Expansion, channels, blocks and stride of the first of them, by stage (table 2 of the paper). */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** Multiples of 8, at least 8 and never below nine tenths of the width. */
function rounded(width: number): number {
  const nearest = Math.max(8, Math.floor((width + 4) / 8) * 8);
  return nearest < 0.9 * width ? nearest + 8 : nearest;
}

/** MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381) on the spectrogram as a picture. */
export const mobilenetV2: Architecture<typeof schema> = {
  name: "speechrec/mobilenetv2",
  family: "speechrec",
  documentation:
    "MobileNetV2 with a 32nd of its width on the mel spectrogram as a picture of one channel: inverted residual blocks, ReLU in the place of ReLU6 as in torchvision's quantizable networks. Sandler et al. 2018, arXiv 1801.04381.",
  schema,
  build({ widthMultiplier, dropout: rate }, { frames, features, labels }) {
    const builder = new GraphBuilder("mobilenetv2");
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = convolution(builder, "stem", x, rounded(32 * widthMultiplier), { kernel: 3, stride: 2 });
    let block = 0;
    for (const [expansion, channels, count, stride] of stages)
      for (let i = 0; i < count; i++) {
        const filters = rounded(channels * widthMultiplier);
        x = invertedResidual(builder, `blocks.${block++}`, x, filters, expansion, i === 0 ? stride : 1);
      }
    x = convolution(builder, "head", x, rounded(1280 * Math.max(1, widthMultiplier)), { kernel: 1, start: "he" });
    const dropped = dropout(builder, globalAverage(builder, x), rate);
    const start = { kernel: { kind: "normal", deviation: 0.01 } } as const;
    builder.output("logits", denseLayer(builder, "classifier", dropped, labels, true, start));
    return builder.finish();
  },
};

/** Widened, filtered, narrowed; added to its input where the shapes are the same. */
function invertedResidual(
  builder: GraphBuilder,
  path: string,
  x: Value,
  filters: number,
  expansion: number,
  stride: 1 | 2,
): Value {
  const inputs = channelsOf(x);
  let y = expansion === 1 ? x : convolution(builder, `${path}.widen`, x, expansion * inputs, { kernel: 1, start: "he" });
  y = depthwise(builder, `${path}.depthwise`, y, stride, true, "he");
  y = convolution(builder, `${path}.narrow`, y, filters, { kernel: 1, relu: false, start: "he" });
  return stride === 1 && inputs === filters ? builder.op("add", [x, y]) : y;
}
