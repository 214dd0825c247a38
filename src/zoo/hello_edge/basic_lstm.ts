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
  /** Number of cells, as `--model-size-info` has it. */
  modelSizeInfo: v.optional(perLayer(units), [118]),
});

/** Hello Edge's LSTM without peepholes and projection (Zhang et al. 2017, arXiv 1711.07128). */
export const basicLstm: Architecture<typeof schema> = {
  name: "hello_edge/basic_lstm",
  family: "hello_edge",
  documentation:
    "Long short-term memory over time; its last output gives the scores. modelSizeInfo: number of cells. Zhang et al. 2017, arXiv 1711.07128.",
  schema,
  build({ modelSizeInfo }, { frames, features, labels }) {
    requireSizes("hello_edge/basic_lstm", modelSizeInfo, ["cells"]);
    const [cells] = modelSizeInfo as [number];
    const builder = new GraphBuilder("basic_lstm");
    const x = builder.input("features", tensor("f32", [1, frames, features]));
    const last = lstmLayer(builder, "recurrent.0", x, { units: cells, sequence: false, stateful: false, joint: true });
    builder.output("logits", denseLayer(builder, "classifier", last, labels, true, { bias: unnamedVector(labels) }));
    return builder.finish();
  },
};
