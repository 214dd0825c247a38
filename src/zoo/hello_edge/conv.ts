import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { dropout } from "../blocks/dropout.js";
import { pool } from "../blocks/pool.js";
import { asMap, flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { dropoutRate } from "../options.js";
import { smallNormal } from "./first_values.js";

const schema = v.strictObject({
  /** Dropout behind each convolution; inactive in Hello Edge's trainings, 0.5 in TensorFlow's example. */
  dropout: v.optional(dropoutRate, 0),
});

/** cnn-trad-fpool3 of Sainath and Parada 2015, as TensorFlow's speech commands example has it. */
export const conv: Architecture<typeof schema> = {
  name: "hello_edge/conv",
  family: "hello_edge",
  documentation:
    "Two convolutions with ReLU, 64 filters of 20 x 8 and of 10 x 4, the largest of 2 x 2 between them, flattened. cnn-trad-fpool3 of Sainath and Parada 2015 as in TensorFlow's speech commands example.",
  schema,
  build({ dropout: rate }, { frames, features, labels }) {
    const builder = new GraphBuilder("conv");
    const layer = (path: string, x: Value, kernel: readonly [number, number]): Value => {
      const y = convolutionLayer(builder, path, x, 64, { kernel, padding: "same" }, true, smallNormal);
      return dropout(builder, activation(builder, y, "relu"), rate);
    };
    let x = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    x = pool(builder, "pool", layer("convolutions.0", x, [20, 8]), "max", [2, 2], [2, 2], "same");
    x = layer("convolutions.1", x, [10, 4]);
    builder.output("logits", denseLayer(builder, "classifier", flatten(builder, x), labels, true, { kernel: smallNormal }));
    return builder.finish();
  },
};
