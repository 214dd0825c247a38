import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { asMap, mergeFrequency } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { perLayer, units } from "../options.js";
import { smallNormal } from "./first_values.js";
import { requireLayers, requireSizes } from "./size_info.js";
import { stackedGru } from "./stacked_gru.js";

const name = "hello_edge/crnn";

const schema = v.strictObject({
  /** f h w sy sx gru_layers gru_cells fc, as `--model-size-info` has it. */
  modelSizeInfo: v.optional(perLayer(units), [48, 10, 4, 2, 2, 2, 60, 84]),
});

const meaning = ["f", "h", "w", "sy", "sx", "gru_layers", "gru_cells", "fc"];

/** Hello Edge's convolutional recurrent network (Zhang et al. 2017, arXiv 1711.07128). */
export const crnn: Architecture<typeof schema> = {
  name,
  family: "hello_edge",
  documentation:
    "A convolution with ReLU, gated recurrent units over time, a hidden layer with ReLU. modelSizeInfo, eight numbers: filters, kernel in time and frequency, stride in time and frequency; recurrent layers, cells of each; width of the hidden layer. Zhang et al. 2017, arXiv 1711.07128; Arik et al. 2017, arXiv 1703.05390.",
  schema,
  build({ modelSizeInfo }, { frames, features, labels }) {
    requireSizes(name, modelSizeInfo, meaning);
    const [filters, height, width, strideY, strideX, layers, cells, hidden] = modelSizeInfo as [
      ...[number, number, number, number],
      ...[number, number, number, number],
    ];
    requireLayers(name, layers);
    const builder = new GraphBuilder("crnn");
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    const window = { kernel: [height, width], strides: [strideY, strideX], padding: "valid" } as const;
    x = activation(builder, convolutionLayer(builder, "convolution", x, filters, window), "relu");
    x = stackedGru(builder, mergeFrequency(builder, x), layers, cells);
    x = activation(builder, denseLayer(builder, "hidden", x, hidden), "relu");
    builder.output("logits", denseLayer(builder, "classifier", x, labels, true, { kernel: smallNormal }));
    return builder.finish();
  },
};
