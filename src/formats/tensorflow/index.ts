import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FormatError, UserError } from "../../base/errors.js";
import { readBounded } from "../../base/read_file.js";
import type { ForeignModel, ForeignReader } from "../import/foreign_model.js";
import { placedLayers } from "../keras/import.js";
import { checkpointPrefix, findCheckpoint, readCheckpoint } from "./checkpoint.js";
import { checkpointLayers } from "./checkpoint_layers.js";
import { FrozenGraph } from "./frozen_graph.js";
import { largestGraphDef, readGraphDef } from "./graph_def.js";
import { importFrozenGraph } from "./hello_edge.js";

/** A SavedModel is meant by its folder or by the file in it, whose weights are a checkpoint beside it. */
const folderOf = (path: string): string => (basename(path) === "saved_model.pb" ? dirname(path) : path);

/** TensorFlow's files: checkpoints, SavedModels, frozen graphs. */
export const tensorflowReaders: readonly ForeignReader[] = [
  {
    format: "tensorflow_checkpoint",
    title: "a checkpoint of TensorFlow (its name without .index) or a SavedModel's folder",
    recognises: (path) => {
      const folder = folderOf(path);
      return checkpointPrefix(folder) !== undefined || existsSync(join(folder, "checkpoint"));
    },
    read: (path) => readCheckpointModel(folderOf(path)),
  },
  {
    format: "tensorflow_graph",
    title: "a frozen graph of TensorFlow (.pb)",
    recognises: (path) => path.toLowerCase().endsWith(".pb"),
    read: async (path) => {
      const bytes = await readBounded(path, largestGraphDef, "a frozen graph has some hundred kilobytes");
      return importFrozenGraph(new FrozenGraph(readGraphDef(bytes, path), path));
    },
  },
];

async function readCheckpointModel(path: string): Promise<ForeignModel> {
  const prefix = await findCheckpoint(path);
  if (prefix === undefined) throw new UserError(`${path}: there is no checkpoint; give its name without .index`);
  const checkpoint = await readCheckpoint(prefix);
  const layers = checkpointLayers(checkpoint);
  const file = `${prefix}.index`;
  const [first] = checkpoint.tensors.keys();
  if (layers.length === 0 && first !== undefined)
    throw new FormatError(
      file,
      `tensor ${first.slice(0, 80)}`,
      "is named as TensorFlow 1 names variables, not as Keras's layers",
      "freeze the graph with the weights (freeze.py) and give the .pb",
    );
  const placed = placedLayers(layers, file);
  return { format: "tensorflow_checkpoint", tensors: new Map(), placed };
}
