import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Write } from "./files.js";

const golden = join(import.meta.dirname, "../golden");
const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(join(golden, file)));

/** A copy with other bytes at a place. */
function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** Bytes with a text in another's place, which is as long. */
function replaced(bytes: Uint8Array, text: string, by: string): Uint8Array {
  return Uint8Array.from(Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll(text, by), "latin1"));
}

/** Checkpoints, frozen graphs and .h5 files, good and bad. */
export function writeTensorflowFiles(write: Write): void {
  const index = bytesOf("keras/gru.index");
  const data = bytesOf("keras/gru.data-00000-of-00001");
  const checkpoint = (name: string, ofIndex: Uint8Array, ofData?: Uint8Array): void => {
    write(`weights/${name}.index`, ofIndex);
    if (ofData) write(`weights/${name}.data-00000-of-00001`, ofData);
  };
  checkpoint("gru", index, data);
  checkpoint("alone", index);
  checkpoint("cut_index", index.subarray(0, 300), data);
  checkpoint("flipped_index", patched(index, 20, (index[20] as number) ^ 1), data);
  checkpoint("cut_data", index, data.subarray(0, 100));
  checkpoint("flipped_data", index, patched(data, 10, (data[10] as number) ^ 1));
  checkpoint("old", bytesOf("frozen/dnn_saver.index"), bytesOf("frozen/dnn_saver.data-00000-of-00001"));

  const graph = bytesOf("frozen/gru.pb");
  write("weights/cut.pb", graph.subarray(0, 5000));
  write("weights/text.pb", new TextEncoder().encode("this is no graph, but a text\n"));
  write("weights/tanh.pb", replaced(graph, "Tanh", "Sqrt"));
  write("weights/other.pb", replaced(bytesOf("frozen/cnn.pb"), "Conv2D", "Conv3D"));
  write("weights/good.pb", graph);

  const h5 = bytesOf("keras/dnn.h5");
  write("weights/good.h5", h5);
  write("weights/cut.h5", h5.subarray(0, 9000));
  write("weights/no_layers.h5", replaced(h5, "layer_names", "layer_nomes"));
  write("weights/no_weight.h5", replaced(h5, "dense_1/kernel:0", "dense_1/kernel:9"));
  write("weights/packed.h5", replaced(bytesOf("keras/dnn_packed.h5"), "\x78\x5e", "\x78\x5f"));
}
