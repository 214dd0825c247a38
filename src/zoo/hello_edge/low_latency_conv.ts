import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { asMap, flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate } from "../options.js";
import { smallNormal } from "./first_values.js";

const schema = v.strictObject({
  /** Dropout behind the convolution and the hidden layers; inactive in Hello Edge's trainings, 0.5 in TensorFlow's example. */
  dropout: v.optional(dropoutRate, 0),
});

/** cnn-one-fstride4 of Sainath and Parada 2015, as TensorFlow's speech commands example has it: with stride 1. */
export const lowLatencyConv: Architecture<typeof schema> = {
  name: "hello_edge/low_latency_conv",
  family: "hello_edge",
  documentation:
    "One convolution with ReLU, 186 filters over all frames and 8 features, two linear layers of 128. cnn-one-fstride4 of Sainath and Parada 2015 as in TensorFlow's speech commands example.",
  schema,
  build({ dropout: rate }, { frames, features, labels }) {
    const builder = new GraphBuilder("low_latency_conv");
    let x = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = convolutionLayer(builder, "convolution", x, 186, { kernel: [frames, 8], padding: "valid" }, true, smallNormal);
    x = dropout(builder, flatten(builder, activation(builder, x, "relu")), rate);
    const start = { kernel: smallNormal };
    for (const i of [0, 1]) x = dropout(builder, denseLayer(builder, `hidden.${i}`, x, 128, true, start), rate);
    builder.output("logits", denseLayer(builder, "classifier", x, labels, true, start));
    return builder.finish();
  },
};
