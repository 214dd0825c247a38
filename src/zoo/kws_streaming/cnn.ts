import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { asMap, flatten } from "../blocks/shape.js";
import { padTime } from "../blocks/time_padding.js";
import type { Window } from "../blocks/window.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, pair, perLayer, requireEqualLengths, units } from "../options.js";

const name = "kws_streaming/cnn";

const schema = v.strictObject({
  /**
   * "2022": convolutions causal in time, each with batch norm before its activation. "2021": without padding and batch norm; the published
   * accuracies are of that graph.
   */
  revision: v.optional(v.picklist(["2022", "2021"]), "2022"),
  /** Filters of each convolution. */
  cnnFilters: v.optional(perLayer(units), [64, 64, 64, 64, 128, 64, 128]),
  /** (time, frequency) of each kernel. */
  cnnKernelSize: v.optional(perLayer(pair), [
    [3, 3],
    [5, 3],
    [5, 3],
    [5, 3],
    [5, 2],
    [5, 1],
    [10, 1],
  ]),
  /** Activation of each convolution. */
  cnnAct: v.optional(perLayer(activationName), ["relu", "relu", "relu", "relu", "relu", "relu", "relu"]),
  /** Dilation of each convolution. */
  cnnDilationRate: v.optional(perLayer(pair), [
    [1, 1],
    [1, 1],
    [2, 1],
    [1, 1],
    [2, 1],
    [1, 1],
    [2, 1],
  ]),
  /** Stride of each convolution. (Default of 2021: all 1.) */
  cnnStrides: v.optional(perLayer(pair), [[2, 2], ...Array.from({ length: 6 }, (): [number, number] => [1, 1])]),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0.5),
  /** Width of each fully connected layer. */
  units2: v.optional(perLayer(units), [128, 256]),
  /** Activation of each fully connected layer. */
  act2: v.optional(perLayer(activationName), ["linear", "relu"]),
});

/** kws_streaming's convolutional network (Rybakov et al. 2020, arXiv 2005.06720; Sainath and Parada 2015). */
export const cnn: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions, fully connected layers. Options are the flags of the original; revision chooses between its two graphs. Rybakov et al. 2020, arXiv 2005.06720; Sainath and Parada 2015.",
  schema,
  build(options, { frames, features, labels }) {
    const { revision, cnnFilters, cnnKernelSize, cnnAct, cnnDilationRate, cnnStrides, units2, act2 } = options;
    requireEqualLengths(name, { cnnFilters, cnnKernelSize, cnnAct, cnnDilationRate, cnnStrides });
    requireEqualLengths(name, { units2, act2 });
    const builder = new GraphBuilder("cnn");
    let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, filters] of cnnFilters.entries()) {
      const window: Window = {
        kernel: cnnKernelSize[i] as [number, number],
        dilations: cnnDilationRate[i] as [number, number],
        strides: cnnStrides[i] as [number, number],
        padding: "valid",
      };
      const path = `convolutions.${i}`;
      x = convolutionLayer(builder, path, padTime(builder, x, window, revision === "2022" ? "causal" : "valid"), filters, window);
      if (revision === "2022") x = kerasNorm(builder, `${path}.norm`, x);
      x = activation(builder, x, cnnAct[i] ?? "linear");
    }
    x = dropout(builder, flatten(builder, x), options.dropout1);
    x = denseStack(builder, "hidden", x, units2, act2);
    builder.output("logits", denseLayer(builder, "classifier", x, labels));
    return builder.finish();
  },
};
