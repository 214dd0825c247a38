import * as v from "valibot";
import { GraphBuilder } from "../../graph/builder.js";
import { tensor, type Value } from "../../graph/types.js";
import { denseLayer } from "../blocks/dense.js";
import { denseStack } from "../blocks/dense_stack.js";
import { dropout } from "../blocks/dropout.js";
import { gruLayer } from "../blocks/gru.js";
import { flatten } from "../blocks/shape.js";
import type { Architecture } from "../model.js";
import { activationName, dropoutRate, flag, perLayer, requireEqualLengths, units } from "../options.js";
import { requireSequences } from "./recurrent_options.js";

const name = "kws_streaming/gru";

const schema = v.strictObject({
  /** Units of each recurrent layer. */
  gruUnits: v.optional(perLayer(units), [400]),
  /** Whether each recurrent layer gives all its outputs; only the last one may give but the last. */
  returnSequences: v.optional(perLayer(flag), [false]),
  /** Whether the recurrent state goes on from one run to the next. */
  stateful: v.optional(flag, true),
  /** The reset gate multiplies the product, as always in the original (Keras `reset_after`), or the state (Cho et al. 2014). */
  resetAfter: v.optional(flag, true),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0.1),
  /** Width of each fully connected layer. */
  units1: v.optional(perLayer(units), [128, 256]),
  /** Activation of each fully connected layer. */
  act1: v.optional(perLayer(activationName), ["linear", "relu"]),
});

/** kws_streaming's gated recurrent network (Rybakov et al. 2020, arXiv 2005.06720). */
export const gru: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Gated recurrent units over time, fully connected layers. Options are the flags of the original. Rybakov et al. 2020, arXiv 2005.06720.",
  schema,
  build({ gruUnits, returnSequences, stateful, resetAfter, dropout1, units1, act1 }, { frames, features, labels }) {
    requireEqualLengths(name, { gruUnits, returnSequences });
    requireEqualLengths(name, { units1, act1 });
    requireSequences(name, returnSequences);
    const builder = new GraphBuilder("gru");
    let x: Value = builder.input("features", tensor("f32", [1, frames, features]));
    for (const [i, width] of gruUnits.entries()) {
      const sequence = returnSequences[i] as boolean;
      x = gruLayer(builder, `recurrent.${i}`, x, { units: width, sequence, stateful, resetAfter });
    }
    x = dropout(builder, flatten(builder, x), dropout1);
    x = denseStack(builder, "hidden", x, units1, act1);
    builder.output("logits", denseLayer(builder, "classifier", x, labels));
    return builder.finish();
  },
};
