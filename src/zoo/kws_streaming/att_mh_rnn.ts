import * as v from "valibot";
import type { Architecture } from "../model.js";
import { dropoutRate, whole } from "../options.js";
import { attentionEntries, attentionNetwork } from "./attention_network.js";

const name = "kws_streaming/att_mh_rnn";
const schema = v.strictObject({
  ...attentionEntries,
  /** Queries that the middle frame asks. */
  heads: v.optional(whole(1, 64), 4),
  /** Dropout before the fully connected layers. */
  dropout1: v.optional(dropoutRate, 0.2),
});

/** kws_streaming's recurrent network with multi-head attention (Rybakov et al. 2020, arXiv 2005.06720). */
export const attMhRnn: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions, recurrent layers in both directions, several attentions of the middle frame to all frames, fully connected layers. Options are the flags of the original; its l2_weight_decay is the training's. It needs the whole clip: it streams in the window form only. Rybakov et al. 2020, arXiv 2005.06720.",
  schema,
  build: (options, shape) => attentionNetwork(name, options, options.heads, shape),
};
