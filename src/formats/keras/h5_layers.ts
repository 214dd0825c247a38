import { FormatError } from "../../base/errors.js";
import { type Hdf5Object, openHdf5 } from "../hdf5/file.js";
import { type ForeignLayer, innerLayers, splitWeightName } from "./foreign_layer.js";

/** Attributes of more than 64 KB are cut into NAME0, NAME1, ... */
const mostParts = 1 << 10;
const mostLayers = 1 << 14;

/**
 * The layers of a Keras .h5 file, of a whole model or of weights alone (save_weights), in the model's order. A layer that holds others gives
 * one for each.
 * @param file name for errors
 * @throws FormatError
 */
export function h5Layers(bytes: Uint8Array, file: string): ForeignLayer[] {
  const root = openHdf5(bytes, file);
  const group = root.find("model_weights") ?? root;
  const names = listOf(group, "layer_names");
  if (!names && root.find("layers"))
    throw new FormatError(
      file,
      "/layers",
      "these are weights as Keras 3 numbers them, without their names",
      "save the model by model.save('NAME.h5')",
    );
  if (!names)
    throw new FormatError(
      file,
      group.path,
      "there is no attribute layer_names",
      "give a file that Keras's save or save_weights wrote as .h5",
    );
  if (names.length > mostLayers)
    throw new FormatError(file, group.path, `${names.length} layers`, "that is more than any network has");
  return names.flatMap((name) => layersOf(group, name, file));
}

function listOf(object: Hdf5Object, name: string): string[] | undefined {
  const whole = object.texts(name);
  if (whole) return whole;
  const parts: string[][] = [];
  for (let i = 0; i < mostParts; i++) {
    const part = object.texts(`${name}${i}`);
    if (!part) break;
    parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.flat();
}

function layersOf(group: Hdf5Object, name: string, file: string): ForeignLayer[] {
  const layer = group.find(name);
  if (!layer)
    throw new FormatError(file, group.path, `layer ${name.slice(0, 120)} is missing`, "the file is damaged: take another copy");
  const weights = (listOf(layer, "weight_names") ?? []).map((weight) => {
    const dataset = layer.find(weight);
    if (!dataset?.isDataset())
      throw new FormatError(
        file,
        layer.path,
        `weight ${weight.slice(0, 120)} is missing`,
        "the file is damaged: take another copy",
      );
    const { owner, role } = splitWeightName(weight);
    return {
      owner: owner === "" ? name : owner,
      role,
      tensor: dataset.floats(),
      layerName: owner.slice(owner.lastIndexOf("/") + 1),
    };
  });
  return innerLayers(weights);
}
