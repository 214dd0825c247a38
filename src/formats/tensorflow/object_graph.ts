import { WireReader } from "./wire.js";

/** Key of the text that says which variable is whose. */
export const objectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

/**
 * Full names of the variables of a checkpoint by their keys: "conv2d_3/kernel". Keys count layers as the model has them, names count the
 * layers of each class as they were made.
 * @param bytes the tensor of the object graph: one text
 * @param file name for errors
 */
export function readVariableNames(bytes: Uint8Array, file: string): Map<string, string> {
  const reader = new WireReader(file, "checkpoint");
  const names = new Map<string, string>();
  // A tensor of texts: their lengths, a checksum of these, the texts.
  const length = reader.varint(bytes, 0);
  const start = length.next + 4;
  if (length.value < 0 || start + length.value > bytes.length)
    reader.refuse(`tensor ${objectGraphKey}`, `a text of ${length.value} bytes`);
  for (const node of reader.fields(bytes.subarray(start, start + length.value))) {
    if (node.number !== 1) continue;
    for (const part of reader.fields(reader.message(node), node.at)) {
      if (part.number !== 2) continue;
      let full = "";
      let key = "";
      for (const field of reader.fields(reader.message(part), part.at)) {
        if (field.number === 2) full = reader.text(field);
        if (field.number === 3) key = reader.text(field);
      }
      names.set(key, full);
    }
  }
  return names;
}
