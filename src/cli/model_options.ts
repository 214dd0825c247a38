import type { Command } from "commander";
import { runtimes } from "../measure/runtime.js";

/** The options by which a command opens a model of ours or a .tflite file (measure/spotter.ts), and what computes it. */
export function addModelOptions(command: Command): Command {
  return command
    .addOption(
      command
        .createOption(
          "--runtime <name>",
          "what runs the model (default: earshot; litert for a .tflite file whose operators it does not read; litert-builtin: LiteRT without XNNPACK)",
        )
        .choices(runtimes),
    )
    .option("--reference <model>", "model whose labels and front end a .tflite file goes with")
    .option("--frontend <name>", "front end of a .tflite file: a JSON file, or FE-A-320, FE-A-640, FE-B, FE-C, arm, ...")
    .option("--labels <file>", "labels of a .tflite file, one a line")
    .addOption(
      command.createOption("--target <name>", "what computes").choices(["auto", "native", "wasm", "oracle"]).default("auto"),
    );
}
