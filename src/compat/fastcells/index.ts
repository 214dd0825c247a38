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
    wrap: {
      summary: "a featurizer or model as a module in C, with a CMakeLists.txt",
      load: async () => (await import("./wrap.js")).program,
    },
    make_dataset: {
      summary: "writes the features of a list as .npz",
      load: async () => (await import("./make_dataset.js")).program,
    },
    train_classifier: {
      summary: "trains a recurrent classifier",
      load: async () => (await import("./train_classifier.js")).program,
    },
    compile: {
      summary: "a featurizer or model as header and module for a device",
      load: async () => (await import("./compile.js")).program,
    },
    opt: { summary: "LLVM's opt, for a module of compile", load: async () => (await import("./opt.js")).program },
    llc: {
      summary: "LLVM's llc, for a module of compile: assembly for a core",
      load: async () => (await import("./llc.js")).program,
    },
    onnx_import: notYet(
      "fastcells onnx_import",
      "makes an ELL model of an .onnx file",
      "compile takes the model that train_classifier leaves as it is",
    ),
  },
};
