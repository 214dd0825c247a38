import { notYet } from "../not_yet.js";
import type { CompatSystem } from "../program.js";

const clustering = "clusters the weights to 32 values a layer";

/** The programs of ARM's Hello Edge package: ML-examples (2020 to 2022) and ML-zoo (2023). */
export const mlKws: CompatSystem = {
  name: "ml-kws",
  summary: "ARM's Hello Edge package",
  programs: {
    train: { summary: "trains a network", load: async () => (await import("./train.js")).program },
    test: {
      summary: "measures a checkpoint on the validation and the test set",
      load: async () => (await import("./evaluation.js")).test,
    },
    evaluation: {
      summary: "measures a checkpoint, a .tflite file or both on the validation and the test set",
      load: async () => (await import("./evaluation.js")).evaluation,
    },
    test_tflite: {
      summary: "measures a .tflite file on the test set",
      load: async () => (await import("./evaluation.js")).testTflite,
    },
    convert: {
      summary: "writes a checkpoint as .tflite file, in integers or floats",
      load: async () => (await import("./convert.js")).convert,
    },
    convert_to_tflite: {
      summary: "the same, measured on the validation set too",
      load: async () => (await import("./convert.js")).convertToTflite,
    },
    optimize: notYet("ml-kws optimize", clustering),
    optimisations: notYet("ml-kws optimisations", clustering),
    recreate_model: notYet(
      "ml-kws recreate_model.sh",
      "makes the .tflite files of a published checkpoint",
      "run train and convert_to_tflite with the flags of the published command",
    ),
    label_wav: notYet("ml-kws label_wav", "labels one recording", "run earshot predict MODEL RECORDING.wav"),
    freeze: notYet("ml-kws freeze", "writes a checkpoint as .pb", "run convert, or earshot export"),
    test_pb: notYet("ml-kws test_pb", "measures a .pb file", "run earshot import FILE.pb and earshot evaluate"),
    fold_batchnorm: notYet("ml-kws fold_batchnorm", "folds batch norms into weights", "convert does so"),
    quant_test: notYet("ml-kws quant_test", "measures quantized weights", "run earshot quantize and earshot evaluate"),
  },
};
