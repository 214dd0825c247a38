import { notYet } from "../not_yet.js";
import type { CompatSystem } from "../program.js";

const weights = "'earshot export' writes a model as .tflite or C, and its weights as .pth with --to pytorch";

/** The programs of SpeechRec. */
export const speechRec: CompatSystem = {
  name: "speechrec",
  summary: "SpeechRec",
  programs: {
    main: { summary: "trains a network, or predicts a folder", load: async () => (await import("./main.js")).program },
    download_dataset: {
      summary: "fetches Speech Commands v0.01 into data/audio",
      load: async () => (await import("./download_dataset.js")).program,
    },
    split_dataset: {
      summary: "splits a data set by its lists",
      load: async () => (await import("./split_dataset.js")).program,
    },
    export_mobile_model: notYet("export_mobile_model", "writes a TorchScript file", weights),
    export_mobile_first_layer: notYet("export_mobile_first_layer", "writes the first layer as a TorchScript file", weights),
  },
};
