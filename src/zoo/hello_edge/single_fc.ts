import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";

const schema = v.strictObject({});

/** One layer over the whole clip: the baseline of TensorFlow's speech commands example. */
export const singleFc: Architecture<typeof schema> = {
  name: "hello_edge/single_fc",
  family: "hello_edge",
  documentation: "A single fully connected layer over the flattened clip, as in TensorFlow's speech commands example.",
  schema,
  build(_options, { frames, features, labels }) {
    const builder = new GraphBuilder("single_fc");
    const x = flatten(builder, builder.input("features", tensor("f32", [1, frames, features])));
    builder.output(
      "logits",
      denseLayer(builder, "classifier", x, labels, true, { kernel: { kind: "truncated_normal", deviation: 0.001 } }),
    );
    return builder.finish();
  },
};
