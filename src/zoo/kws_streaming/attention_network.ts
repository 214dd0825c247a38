import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { type Graph, tensor, type Value } from "../../graph/types.js";
import { activation } from "../blocks/activation.js";
import { middleAttention } from "../blocks/attention.js";
import { bidirectional } from "../blocks/bidirectional.js";
import { convolutionLayer } from "../blocks/convolution.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { gruLayer } from "../blocks/gru.js";
import { kerasNorm } from "../blocks/keras_norm.js";
import { lstmLayer } from "../blocks/lstm.js";
import { asMap, mergeFrequency } from "../blocks/shape.js";
import type { ModelShape } from "../model.js";
import { activationName, dropoutRate, pair, perLayer, requireEqualLengths, units, whole } from "../options.js";

/** Options that att_rnn and att_mh_rnn share. */
export const attentionEntries = {
  /** Filters of each convolution. */
  cnnFilters: v.optional(perLayer(units), [10, 1]),
  /** (time, frequency) of each kernel. */
  cnnKernelSize: v.optional(perLayer(pair), [
    [5, 1],
    [5, 1],
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
  /** Number of recurrent layers, each in both directions. */
  rnnLayers: v.optional(whole(0, 32), 2),
  /** Kind of the recurrent layers. */
  rnnType: v.optional(v.picklist(["gru", "lstm"]), "gru"),
  /** Units of a direction of a recurrent layer. */
  rnnUnits: v.optional(units, 128),
  /** Width of each fully connected layer. */
  units2: v.optional(perLayer(units), [64, 32]),
  /** Activation of each fully connected layer. */
  act2: v.optional(perLayer(activationName), ["relu", "linear"]),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0.1),
};

const entries = v.strictObject(attentionEntries);

/** Convolutions, recurrent layers in both directions, attention to all frames, fully connected layers. */
export function attentionNetwork(
  name: string,
  options: v.InferOutput<typeof entries>,
  heads: number,
  { frames, features, labels }: ModelShape,
): Graph {
  const { cnnFilters, cnnKernelSize, cnnAct, cnnDilationRate, cnnStrides, units2, act2 } = options;
  requireEqualLengths(name, { cnnFilters, cnnKernelSize, cnnAct, cnnDilationRate, cnnStrides });
  requireEqualLengths(name, { units2, act2 });
  const builder = new GraphBuilder(name.replace(/^.*\//, ""));
  let x: Value = asMap(builder, builder.input("features", tensor("f32", [1, frames, features])));
  for (const [i, filters] of cnnFilters.entries()) {
    const path = `convolutions.${i}`;
    x = convolutionLayer(builder, path, x, filters, {
      kernel: cnnKernelSize[i] as [number, number],
      dilations: cnnDilationRate[i] as [number, number],
      strides: cnnStrides[i] as [number, number],
      padding: "same",
    });
    x = kerasNorm(builder, `${path}.norm`, activation(builder, x, cnnAct[i] ?? "linear"));
  }
  x = mergeFrequency(builder, x);
  const layer = options.rnnType === "gru" ? gruLayer : lstmLayer;
  for (let i = 0; i < options.rnnLayers; i++) {
    const frame = x;
    x = bidirectional(builder, `recurrent.${i}`, (path, reverse) =>
      layer(builder, path, frame, { units: options.rnnUnits, sequence: true, stateful: false, reverse }),
    );
  }
  x = dropout(builder, middleAttention(builder, "attention", x, heads), options.dropout1);
  x = denseStack(builder, "hidden", x, units2, act2);
  builder.output("logits", denseLayer(builder, "classifier", x, labels));
  return builder.finish();
}
