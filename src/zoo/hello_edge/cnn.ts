import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { asMap, flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate, perLayer, units } from "../options.js";
import { smallNormal, unnamedVector } from "./first_values.js";
import { normalised, normalisedEntries } from "./normalised.js";
import { requireSizes } from "./size_info.js";

const schema = v.strictObject({
  /** f1 h1 w1 sy1 sx1 f2 h2 w2 sy2 sx2 lin fc, as `--model-size-info` has it. */
  modelSizeInfo: v.optional(perLayer(units), [28, 10, 4, 1, 1, 30, 10, 4, 2, 1, 16, 128]),
  ...normalisedEntries,
  /** Dropout behind each convolution and the hidden layer; 0 in the published trainings. */
  dropout: v.optional(dropoutRate, 0),
});

const meaning = ["f1", "h1", "w1", "sy1", "sx1", "f2", "h2", "w2", "sy2", "sx2", "lin", "fc"];

/** Hello Edge's convolutional network (Zhang et al. 2017, arXiv 1711.07128). */
export const cnn: Architecture<typeof schema> = {
  name: "hello_edge/cnn",
  family: "hello_edge",
  documentation:
    "Two convolutions with batch norm and ReLU, a linear bottleneck, a hidden layer with batch norm and ReLU. modelSizeInfo, twelve numbers: for each convolution filters, kernel in time and frequency, stride in time and frequency; width of the bottleneck and of the hidden layer. Zhang et al. 2017, arXiv 1711.07128.",
  schema,
  build({ modelSizeInfo, bias, dropout: rate, ...norm }, { frames, features, labels }) {
    requireSizes("hello_edge/cnn", modelSizeInfo, meaning);
    const builder = new GraphBuilder("cnn");
    let x = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const i of [0, 1]) {
      const [filters, height, width, strideY, strideX] = modelSizeInfo.slice(5 * i) as [number, number, number, number, number];
      const path = `blocks.${i}`;
      x = convolutionLayer(
        builder,
        `${path}.convolution`,
        x,
        filters,
        { kernel: [height, width], strides: [strideY, strideX], padding: "valid" },
        bias,
        smallNormal,
      );
      x = dropout(builder, normalised(builder, `${path}.norm`, x, norm), rate);
    }
    const [bottleneck, hidden] = modelSizeInfo.slice(10) as [number, number];
    x = denseLayer(builder, "bottleneck", flatten(builder, x), bottleneck, true, { bias: unnamedVector(bottleneck) });
    const start = { kernel: smallNormal };
    x = normalised(builder, "hidden.norm", denseLayer(builder, "hidden", x, hidden, bias, start), norm);
    builder.output("logits", denseLayer(builder, "classifier", dropout(builder, x, rate), labels, true, start));
    return builder.finish();
  },
};
