import * as v from "valibot";
import type { Architecture } from "../model.js";
import { attentionEntries, attentionNetwork } from "./attention_network.js";

const name = "kws_streaming/att_rnn";
const schema = v.strictObject(attentionEntries);

/** kws_streaming's recurrent network with attention (de Andrade et al. 2018, arXiv 1808.08929). */
export const attRnn: Architecture<typeof schema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Convolutions, recurrent layers in both directions, attention of the middle frame to all frames, fully connected layers. Options are the flags of the original. It needs the whole clip: it streams in the window form only. de Andrade et al. 2018, arXiv 1808.08929; Rybakov et al. 2020, arXiv 2005.06720.",
  schema,
  build: (options, shape) => attentionNetwork(name, options, 1, shape),
};
