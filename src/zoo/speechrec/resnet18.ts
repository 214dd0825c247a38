import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { channelsOf } from "../blocks/channels.js";
import { globalAverage } from "../blocks/pool.js";
import { asMap } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { perLayer, units, whole } from "../options.js";
import { classifier, convolution, maxPool } from "./layers.js";

const schema = v.strictObject({
  /** Filters of each stage; the first has stride 1, the others begin with stride 2. */
  channels: v.optional(perLayer(units), [64, 128, 256, 512]),
  /** Blocks of each stage. */
  blocks: v.optional(whole(1, 16), 2),
});

/** ResNet-18 (He et al. 2015, arXiv 1512.03385) on the spectrogram as a picture. */
export const resnet18: Architecture<typeof schema> = {
  name: "speechrec/resnet18",
  family: "speechrec",
  documentation:
    "ResNet-18 on the mel spectrogram as a picture of one channel: a convolution of 7 x 7, pooling, four stages of two residual blocks, the average. He et al. 2015, arXiv 1512.03385; torchvision.",
  schema,
  build({ channels, blocks }, { frames, features, labels }) {
    const builder = new GraphBuilder("resnet18");
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = maxPool(builder, convolution(builder, "stem", x, channels[0] ?? 64, { kernel: 7, stride: 2 }));
    for (const [stage, filters] of channels.entries())
      for (let i = 0; i < blocks; i++) x = basicBlock(builder, `stages.${stage}.${i}`, x, filters, stage > 0 && i === 0 ? 2 : 1);
    builder.output("logits", classifier(builder, globalAverage(builder, x), labels));
    return builder.finish();
  },
};

/** Two convolutions of 3 x 3 added to their input, which is projected where its shape differs. */
function basicBlock(builder: GraphBuilder, path: string, x: Value, filters: number, stride: 1 | 2): Value {
  let y = convolution(builder, `${path}.first`, x, filters, { kernel: 3, stride, start: "he" });
  y = convolution(builder, `${path}.second`, y, filters, { kernel: 3, relu: false, start: "he" });
  const same = stride === 1 && channelsOf(x) === filters;
  const input = same
    ? x
    : convolution(builder, `${path}.projection`, x, filters, { kernel: 1, stride, relu: false, start: "he" });
  return builder.op("relu", [builder.op("add", [y, input])]);
}
