import { FormatError } from "../base/errors.js";

/** What else people name where a model is wanted: how it is recognised, and what to do with it. */
interface Kind {
  readonly found: string;
  readonly remedy: string;
  is(bytes: Uint8Array, file: string): boolean;
}

const imports = "'earshot import' reads such weights as a model";

const startsWith =
  (text: string, at = 0) =>
  (bytes: Uint8Array): boolean =>
    Buffer.from(bytes.subarray(at, at + text.length)).toString("latin1") === text;
const isSound = ["RIFF", "fLaC", "OggS", "ID3"].map((text) => startsWith(text));
const endsWith = (ending: string) => (_: Uint8Array, file: string) => file.toLowerCase().endsWith(ending);

const kinds: readonly Kind[] = [
  { is: startsWith("\x89HDF\r\n\x1a\n"), found: "an HDF5 file, as Keras writes", remedy: imports },
  { is: endsWith(".keras"), found: "a model of Keras 3", remedy: "save it as .h5; 'earshot import' reads that" },
  { is: endsWith(".onnx"), found: "an ONNX file", remedy: "they are not read yet; take the weights as PyTorch's state dict" },
  { is: endsWith(".pb"), found: "a graph of TensorFlow", remedy: imports },
  { is: startsWith("TFL3", 4), found: "a TensorFlow Lite file", remedy: "give it a name that ends in .tflite" },
  { is: startsWith("PK\x03\x04"), found: "a ZIP archive, as PyTorch writes", remedy: imports },
  { is: startsWith("\x80\x02"), found: "a pickle, as PyTorch wrote before 1.6", remedy: imports },
  {
    is: (bytes) => isSound.some((kind) => kind(bytes)),
    found: "a sound file",
    remedy: "the model comes first, then the sounds",
  },
  { is: startsWith("{"), found: "a text, perhaps JSON", remedy: "give a model file (.safetensors) or the folder of a run" },
];

/** The error for a file that is surely something else than safetensors; undefined where it may be a damaged model. */
export function notAModel(bytes: Uint8Array, file: string): FormatError | undefined {
  // A header of less than 4 GB: four zeros, which none of these kinds has there.
  if (bytes.length >= 8 && bytes.subarray(4, 8).every((byte) => byte === 0)) return undefined;
  const kind = kinds.find((one) => one.is(bytes, file));
  return kind && new FormatError(file, "byte 0", `${kind.found}, no model of earshot`, kind.remedy);
}
