import type { Architecture } from "../model.js";
import { fullyConnected, fullyConnectedSchema } from "./fully_connected.js";

const name = "kws_streaming/dnn";

/** kws_streaming's fully connected network (Rybakov et al. 2020, arXiv 2005.06720). */
export const dnn: Architecture<typeof fullyConnectedSchema> = {
  name,
  family: "kws_streaming",
  documentation:
    "Fully connected layers over each frame, the larger of neighbouring values, fully connected layers over the clip. Options are the flags of the original. Rybakov et al. 2020, arXiv 2005.06720.",
  schema: fullyConnectedSchema,
  build: (options, shape) => fullyConnected(name, options, shape),
};
