import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { denseLayer } from "../blocks/dense.js";
import { depthwiseLayer } from "../blocks/depthwise.js";
import { dropout } from "../blocks/dropout.js";
import { asChannels } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate } from "../options.js";
import { smallNormal } from "./first_values.js";

const schema = v.strictObject({
  /** Dropout behind the filters and the hidden layers; inactive in Hello Edge's trainings, 0.5 in TensorFlow's example. */
  dropout: v.optional(dropoutRate, 0),
});

const rank = 2;
const nodes = 1280;

/** The SVDF network of Nakkiran et al. 2015, as TensorFlow's speech commands example has it. */
export const lowLatencySvdf: Architecture<typeof schema> = {
  name: "hello_edge/low_latency_svdf",
  family: "hello_edge",
  documentation:
    "1280 filters of rank 2: over the features of each frame, then over all frames, the two added, ReLU; two linear layers of 256. Nakkiran et al. 2015 as in TensorFlow's speech commands example.",
  schema,
  build({ dropout: rate }, { frames, features, labels }) {
    const builder = new GraphBuilder("low_latency_svdf");
    let x = asChannels(builder, builder.input("features", tensor("f32", [1, frames, features])));
    const start = { kernel: smallNormal };
    x = denseLayer(builder, "filters.feature", x, rank * nodes, false, start);
    x = depthwiseLayer(builder, "filters.time", x, { kernel: [frames, 1], padding: "valid" }, false, smallNormal);
    // Filters of one node stand side by side.
    x = builder.op("sum", [builder.op("reshape", [x], { shape: [0, 0, nodes, rank] })], { axes: [3], keep: false });
    x = builder.op("add", [x, builder.parameter("filters.bias", [nodes], { kind: "zeros" })]);
    x = builder.op("reshape", [activation(builder, x, "relu")], { shape: [0, -1] });
    x = dropout(builder, x, rate);
    for (const i of [0, 1]) x = dropout(builder, denseLayer(builder, `hidden.${i}`, x, 256, true, start), rate);
    builder.output("logits", denseLayer(builder, "classifier", x, labels, true, start));
    return builder.finish();
  },
};
