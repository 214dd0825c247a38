import { readBounded } from "../../base/read_file.js";
import { isHdf5 } from "../hdf5/file.js";
import type { ForeignReader } from "../import/foreign_model.js";
import { h5Layers } from "./h5_layers.js";
import { placedLayers } from "./import.js";

const largestFile = 1 << 30;

/** Keras's own files. */
export const kerasReaders: readonly ForeignReader[] = [
  {
    format: "keras_h5",
    title: "a model or weights of Keras (.h5)",
    recognises: (_, head) => isHdf5(head),
    read: async (path) => {
      const bytes = await readBounded(path, largestFile, "a network for keywords has some megabytes");
      return { format: "keras_h5", tensors: new Map(), placed: placedLayers(h5Layers(bytes, path), path) };
    },
  },
];
