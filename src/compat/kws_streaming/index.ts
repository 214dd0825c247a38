import type { CompatSystem } from "../program.js";

/** The program of google-research kws_streaming: model_train_eval, so that its flags stand right behind the system's name. */
export const kwsStreaming: CompatSystem = {
  name: "kws-streaming",
  summary: "google-research kws_streaming (model_train_eval)",
  programs: {
    "": {
      summary: "trains, measures in every form, converts",
      load: async () => (await import("./model_train_eval.js")).program,
    },
  },
};
