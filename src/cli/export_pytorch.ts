import { basename, extname } from "node:path";
import { UsageError } from "../base/errors.js";
import { type CommonOptions, printJson, printText } from "./output.js";
import { refuseReplacing } from "./replaced_input.js";

interface PytorchArguments extends CommonOptions {
  features?: string;
  states?: string;
  stream?: string;
  out?: string;
}

/** `earshot export MODEL --to pytorch`: the weights as a state dict, .pth or .safetensors by the ending of --out. */
export async function exportToPytorch(name: string, options: PytorchArguments): Promise<void> {
  const { loadModel } = await import("../formats/model_file.js");
  const { resolveModel } = await import("../formats/shipped.js");
  const { stateDictOf, writeStateDict, writeStateDictSafetensors } = await import("../formats/pytorch/write.js");
  const { writeFileSafely } = await import("../formats/write_file.js");
  for (const key of ["features", "states", "stream"] as const)
    if (options[key] !== undefined) throw new UsageError(`--${key} is for --to tflite and --to c: a state dict has weights only`);
  const path = resolveModel(name);
  const out = options.out ?? `${basename(path, ".safetensors")}.pth`;
  const ending = extname(out).toLowerCase();
  if (![".pth", ".pt", ".safetensors"].includes(ending))
    throw new UsageError(`--out ${out}: a state dict ends in .pth, .pt or .safetensors; give such a name`);
  refuseReplacing(path, out);
  const tensors = stateDictOf(await loadModel(path), path);
  const bytes = ending === ".safetensors" ? writeStateDictSafetensors(tensors) : writeStateDict(tensors, basename(out, ending));
  await writeFileSafely(out, bytes);
  if (options.json === true) printJson({ file: out, format: "pytorch", bytes: bytes.length, entries: tensors.size });
  else printText(`${out}: ${bytes.length.toLocaleString("en-US")} bytes, a state dict of ${tensors.size} entries`);
}
