import * as v from "valibot";
import { UsageError } from "../../base/errors.js";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, perLayer, units } from "../options.js";
import { unnamedVector } from "./first_values.js";

const schema = v.strictObject({
  /** Width of each hidden layer, as `--model-size-info` has it. */
  modelSizeInfo: v.optional(perLayer(units), [144, 144, 144]),
  /** Dropout behind each hidden layer; inactive in all published trainings. */
  dropout: v.optional(dropoutRate, 0),
});

/** Hello Edge's fully connected network (Zhang et al. 2017, arXiv 1711.07128). */
export const dnn: Architecture<typeof schema> = {
  name: "hello_edge/dnn",
  family: "hello_edge",
  documentation:
    "Fully connected layers with ReLU over the flattened clip. modelSizeInfo: the width of each. Zhang et al. 2017, arXiv 1711.07128.",
  schema,
  build({ modelSizeInfo, dropout: rate }, { frames, features, labels }) {
    if (modelSizeInfo.length === 0) {
      throw new UsageError(
        "hello_edge/dnn: --model-size-info is empty; give the width of each hidden layer, for example 144 144 144",
      );
    }
    const builder = new GraphBuilder("dnn");
    let x = flatten(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, width] of modelSizeInfo.entries()) {
      x = activation(builder, denseLayer(builder, `hidden.${i}`, x, width, true, { bias: unnamedVector(width) }), "relu");
      x = dropout(builder, x, rate);
    }
    builder.output("logits", denseLayer(builder, "classifier", x, labels));
    return builder.finish();
  },
};
