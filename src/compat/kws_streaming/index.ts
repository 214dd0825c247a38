import type { CompatSystem } from "../program.js";

/** The programs of google-research kws_streaming (model_train_eval). */
export const kwsStreaming: CompatSystem = {
  name: "kws-streaming",
  summary: "google-research kws_streaming (model_train_eval)",
  programs: {},
};
