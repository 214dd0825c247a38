import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { lstmLayer } from "../blocks/lstm.js";
import type { Architecture } from "../model.js";
import { perLayer, units } from "../options.js";
import { unnamedVector } from "./first_values.js";
import { requireSizes } from "./size_info.js";

const schema = v.strictObject({
  /** Width of the projection and number of cells, as `--model-size-info` has them. */
  modelSizeInfo: v.optional(perLayer(units), [98, 144]),
});

/** Hello Edge's LSTM with peepholes and projection (Zhang et al. 2017, arXiv 1711.07128). */
export const lstm: Architecture<typeof schema> = {
  name: "hello_edge/lstm",
  family: "hello_edge",
  documentation:
    "Long short-term memory with peepholes and a linear projection over time; its last output gives the scores. modelSizeInfo: width of the projection, number of cells. Zhang et al. 2017, arXiv 1711.07128; Sak et al. 2014, arXiv 1402.1128.",
  schema,
  build({ modelSizeInfo }, { frames, features, labels }) {
    requireSizes("hello_edge/lstm", modelSizeInfo, ["projection", "cells"]);
    const [projection, cells] = modelSizeInfo as [number, number];
    const builder = new GraphBuilder("lstm");
    const x = builder.input("features", tensor("f32", [1, frames, features]));
    const options = { units: cells, projection, peepholes: true, sequence: false, stateful: false };
    const last = lstmLayer(builder, "recurrent.0", x, options);
    builder.output("logits", denseLayer(builder, "classifier", last, labels, true, { bias: unnamedVector(labels) }));
    return builder.finish();
  },
};
