import { notYet } from "../not_yet.js";
import type { CompatSystem } from "../program.js";

/** The programs of EdgeML FastCells and the ELL tools. */
export const fastcells: CompatSystem = {
  name: "fastcells",
  summary: "EdgeML FastCells and the ELL tools",
  programs: {
    make_training_list: {
      summary: "writes training_list.txt and categories.txt",
      load: async () => (await import("./make_training_list.js")).program,
    },
    make_featurizer: {
      summary: "writes a featurizer",
      load: async () => (await import("./make_featurizer.js")).program,
    },
    make_dataset: {
      summary: "writes the features of a list as .npz",
      load: async () => (await import("./make_dataset.js")).program,
    },
    train_classifier: {
      summary: "trains a recurrent classifier",
      load: async () => (await import("./train_classifier.js")).program,
    },
    onnx_import: notYet(
      "fastcells onnx_import",
      "makes an ELL model of an .onnx file",
      "compile takes the model that train_classifier leaves as it is",
    ),
  },
};
