import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import type { Architecture } from "../model.js";
import { perLayer, units } from "../options.js";
import { unnamedVector } from "./first_values.js";
import { requireLayers, requireSizes } from "./size_info.js";
import { stackedGru } from "./stacked_gru.js";

const name = "hello_edge/gru";

const schema = v.strictObject({
  /** Number of layers and of cells in each, as `--model-size-info` has them. */
  modelSizeInfo: v.optional(perLayer(units), [1, 154]),
});

/** Hello Edge's gated recurrent network (Zhang et al. 2017, arXiv 1711.07128). */
export const gru: Architecture<typeof schema> = {
  name,
  family: "hello_edge",
  documentation:
    "Gated recurrent units over time; the last state gives the scores. modelSizeInfo: number of layers, cells of each. Zhang et al. 2017, arXiv 1711.07128; Cho et al. 2014, arXiv 1406.1078.",
  schema,
  build({ modelSizeInfo }, { frames, features, labels }) {
    requireSizes(name, modelSizeInfo, ["layers", "cells"]);
    const [layers, cells] = modelSizeInfo as [number, number];
    requireLayers(name, layers);
    const builder = new GraphBuilder("gru");
    const x = builder.input("features", tensor("f32", [1, frames, features]));
    const last = stackedGru(builder, x, layers, cells);
    builder.output("logits", denseLayer(builder, "classifier", last, labels, true, { bias: unnamedVector(labels) }));
    return builder.finish();
  },
};
