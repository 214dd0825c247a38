import type { Architecture } from "../model.js";
import { fullyConnected, fullyConnectedSchema } from "./fully_connected.js";

const name = "kws_streaming/dnn_raw";

/** kws_streaming's fully connected network on samples (Rybakov et al. 2020, arXiv 2005.06720). */
export const dnnRaw: Architecture<typeof fullyConnectedSchema> = {
  name,
  family: "kws_streaming",
  documentation:
    "dnn on frames of samples: the front end frames alone. Options are the flags of the original. Rybakov et al. 2020, arXiv 2005.06720.",
  schema: fullyConnectedSchema,
  build: (options, shape) => fullyConnected(name, options, shape),
};
