import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { gruLayer } from "../blocks/gru.js";
import { asMap, flatten, mergeFrequency } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, flag, pair, perLayer, requireEqualLengths, units } from "../options.js";
import { requireSequences } from "./recurrent_options.js";

const name = "kws_streaming/crnn";

const schema = v.strictObject({
  /** Filters of each convolution. */
  cnnFilters: v.optional(perLayer(units), [16, 16]),
  /** (time, frequency) of each kernel. */
  cnnKernelSize: v.optional(perLayer(pair), [
    [3, 3],
    [5, 3],
  ]),
  /** Activation of each convolution. */
  cnnAct: v.optional(perLayer(activationName), ["relu", "relu"]),
  /** Dilation of each convolution. */
  cnnDilationRate: v.optional(perLayer(pair), [
    [1, 1],
    [1, 1],
  ]),
  /** Stride of each convolution. */
  cnnStrides: v.optional(perLayer(pair), [
    [1, 1],
    [1, 1],
  ]),
  /** Units of each recurrent layer. */
  gruUnits: v.optional(perLayer(units), [256]),
  /** Whether each recurrent layer gives all its outputs; only the last one may give but the last. */
  returnSequences: v.optional(perLayer(flag), [false]),
  /** Whether the recurrent state goes on from one run to the next. (Default of the original: 1; its published crnn: 0.) */
  stateful: v.optional(flag, false),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0.1),
  /** Width of each fully connected layer. */
  units1: v.optional(perLayer(units), [128, 256]),
  /** Activation of each fully connected layer. */
  act1: v.optional(perLayer(activationName), ["linear", "relu"]),
});

/** kws_streaming's convolutional recurrent network (Rybakov et al. 2020, arXiv 2005.06720). */
export const crnn: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions, gated recurrent units over time, fully connected layers. Options are the flags of the original. Rybakov et al. 2020, arXiv 2005.06720.",
  schema,
  build(options, { frames, features, labels }) {
    const { cnnFilters, cnnKernelSize, cnnAct, cnnDilationRate, cnnStrides, gruUnits, returnSequences, units1, act1 } = options;
    requireEqualLengths(name, { cnnFilters, cnnKernelSize, cnnAct, cnnDilationRate, cnnStrides });
    requireEqualLengths(name, { gruUnits, returnSequences });
    requireEqualLengths(name, { units1, act1 });
    requireSequences(name, returnSequences);
    const builder = new GraphBuilder("crnn");
    let x = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
    for (const [i, filters] of cnnFilters.entries()) {
      x = convolutionLayer(builder, `convolutions.${i}`, x, filters, {
        kernel: cnnKernelSize[i] as [number, number],
        dilations: cnnDilationRate[i] as [number, number],
        strides: cnnStrides[i] as [number, number],
        padding: "valid",
      });
      x = activation(builder, x, cnnAct[i] ?? "linear");
    }
    x = mergeFrequency(builder, x);
    for (const [i, width] of gruUnits.entries()) {
      x = gruLayer(builder, `recurrent.${i}`, x, {
        units: width,
        sequence: returnSequences[i] as boolean,
        stateful: options.stateful,
      });
    }
    x = dropout(builder, flatten(builder, x), options.dropout1);
    x = denseStack(builder, "hidden", x, units1, act1);
    builder.output("logits", denseLayer(builder, "classifier", x, labels));
    return builder.finish();
  },
};
