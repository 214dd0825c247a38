import { basename } from "node:path";
import { UsageError } from "../base/errors.js";
import type { TfliteStates } from "../formats/tflite/export.js";
import { type CommonOptions, printJson } from "./output.js";
import { refuseOtherEnding } from "./output_name.js";
import { refuseReplacing } from "./replaced_input.js";
import { printTflite } from "./tflite_text.js";

interface AgainArguments extends CommonOptions {
  states?: TfliteStates;
  features?: string;
  stream?: string;
  out?: string;
}

/** `earshot export X.tflite --states external|resource -o Y.tflite`: the file's network written again, its states elsewhere. */
export async function exportAgain(path: string, options: AgainArguments): Promise<void> {
  const { readBounded } = await import("../base/read_file.js");
  const { openLiteRt } = await import("../formats/litert.js");
  const { exportNetwork } = await import("../formats/tflite/export_network.js");
  const { readTfliteMetadata } = await import("../formats/tflite/metadata.js");
  const { largestTflite, readTflite } = await import("../formats/tflite/read/read.js");
  const { writeFileSafely } = await import("../formats/write_file.js");
  for (const key of ["features", "stream"] as const)
    if (options[key] !== undefined)
      throw new UsageError(
        `--${key} is for model files; of a .tflite file only the place of its states can be changed (--states)`,
      );
  const { states, out } = options;
  if (states === undefined || out === undefined)
    throw new UsageError(
      `${path}: is a .tflite file already; --states external|resource and -o ANOTHER.tflite write it again with its states elsewhere`,
    );
  refuseReplacing(path, out);
  refuseOtherEnding(out, ".tflite");
  const content = await readBounded(path, largestTflite, "a keyword spotter has some megabytes");
  const network = readTflite(content, path, `export the model file (.safetensors) that it was made from with --states ${states}`);
  const bytes = exportNetwork(network, states, readTfliteMetadata(content, path), basename(path));
  const runtime = await openLiteRt(bytes, out);
  const { inputs, outputs } = runtime;
  runtime.close();
  await writeFileSafely(out, bytes);
  if (options.json === true) printJson({ file: out, format: "tflite", bytes: bytes.length, states, inputs, outputs });
  else printTflite(out, bytes.length, { inputs, outputs });
}
