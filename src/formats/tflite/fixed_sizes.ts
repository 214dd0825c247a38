import { BoundedReader } from "./bounded_reader.js";

const most = 1 << 16;

/**
 * A .tflite file whose free sizes (-1 in a tensor's shape_signature) are those that its tensors have now, mostly a batch of 1; the
 * bytes themselves where none is free.
 * @param file name for error messages
 * @throws FormatError where the bytes are no .tflite file
 */
export function withFixedSizes(bytes: Uint8Array, file: string): Uint8Array {
  const reader = new BoundedReader(bytes, file);
  let fixed: Uint8Array | undefined;
  for (const subgraph of reader.tables(reader.root(), 2, most))
    for (const tensor of reader.tables(subgraph, 0, most)) {
      const shape = reader.integers(tensor, 0, most) ?? [];
      const signature = reader.vector(reader.field(tensor, 7), 4);
      if (signature?.length !== shape.length) continue;
      for (const [axis, size] of shape.entries()) {
        const at = signature.start + 4 * axis;
        if (reader.int32(at) !== -1) continue;
        fixed ??= Uint8Array.from(bytes);
        new DataView(fixed.buffer).setInt32(at, size, true);
      }
    }
  return fixed ?? bytes;
}
