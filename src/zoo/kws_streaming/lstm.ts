import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { lstmLayer } from "../blocks/lstm.js";
import { flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, flag, magnitude, perLayer, requireEqualLengths, units, whole } from "../options.js";
import { requireSequences } from "./recurrent_options.js";

const name = "kws_streaming/lstm";

const schema = v.strictObject({
  /** Units of each recurrent layer. */
  lstmUnits: v.optional(perLayer(units), [500]),
  /** Whether each recurrent layer gives all its outputs; only the last one may give but the last. */
  returnSequences: v.optional(perLayer(flag), [false]),
  /** Whether the recurrent states go on from one run to the next. */
  stateful: v.optional(flag, true),
  /** Width of each layer's projection; -1 or 0: none. Without peepholes there is none, whatever stands here. */
  numProj: v.optional(perLayer(whole(-1, 16_384)), [200]),
  /** Whether the gates see the memory. */
  usePeepholes: v.optional(flag, true),
  /** Largest magnitude of the memory; 0, as always in the original: not limited. */
  cellClip: v.optional(magnitude, 0),
  /** Largest magnitude of the projected output; 0, as always in the original: not limited. */
  projClip: v.optional(magnitude, 0),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0.3),
  /** Width of each fully connected layer. */
  units1: v.optional(perLayer(units), []),
  /** Activation of each fully connected layer. */
  act1: v.optional(perLayer(activationName), []),
});

/** kws_streaming's long short-term memory network (Rybakov et al. 2020, arXiv 2005.06720). */
export const lstm: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Long short-term memory over time, with peepholes and projection or without, fully connected layers. Options are the flags of the original. Rybakov et al. 2020, arXiv 2005.06720; Sak et al. 2014, arXiv 1402.1128.",
  schema,
  build(options, { frames, features, labels }) {
    const { lstmUnits, returnSequences, numProj, units1, act1, usePeepholes: peepholes } = options;
    requireEqualLengths(name, { lstmUnits, returnSequences, numProj });
    requireEqualLengths(name, { units1, act1 });
    requireSequences(name, returnSequences);
    const builder = new GraphBuilder("lstm");
    let x: Value = builder.input("features", tensor("f32", [1, frames, features]));
    for (const [i, width] of lstmUnits.entries()) {
      x = lstmLayer(builder, `recurrent.${i}`, x, {
        units: width,
        sequence: returnSequences[i] as boolean,
        stateful: options.stateful,
        peepholes,
        projection: peepholes ? Math.max(0, numProj[i] as number) : 0,
        cellClip: options.cellClip,
        projectionClip: options.projClip,
      });
    }
    x = dropout(builder, flatten(builder, x), options.dropout1);
    x = denseStack(builder, "hidden", x, units1, act1);
    builder.output("logits", denseLayer(builder, "classifier", x, labels));
    return builder.finish();
  },
};
