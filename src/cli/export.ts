import { basename } from "node:path";
import type { Command } from "commander";
import { UserError } from "../base/errors.js";
import type { LiteRtTensor } from "../formats/litert.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";

interface ExportArguments extends CommonOptions {
  to: "tflite";
  features: "none" | "builtin" | "op";
  states: "zeros" | "external";
  out?: string;
}

/** `earshot export MODEL --to tflite`: a model as a file for another runtime. */
export function register(program: Command): void {
  const command = program
    .command("export")
    .description(
      "Write a model as a float32 .tflite file. What is written is loaded into LiteRT first, so that a file that is there is one " +
        "that LiteRT takes.",
    )
    .argument("<model>", "model file, or the name of a model that comes with earshot");
  command
    .addOption(command.createOption("--to <format>", "format of the file").choices(["tflite"]).default("tflite"))
    .addOption(
      command
        .createOption(
          "--features <where>",
          "none: the file takes features; builtin: samples, the front end as plain operators; op: samples, TFLite's own " +
            "AudioSpectrogram and Mfcc (front end mfcc_op)",
        )
        .choices(["none", "builtin", "op"])
        .default("none"),
    )
    .addOption(
      command
        .createOption(
          "--states <how>",
          "of a stateful network: zeros in every run, or external: further inputs and outputs that the caller carries",
        )
        .choices(["zeros", "external"])
        .default("zeros"),
    )
    .option("-o, --out <file>", "where to write (default: NAME.tflite in this folder)")
    .option("--json", "print one JSON object")
    .action(exportModel);
}

async function exportModel(name: string, options: ExportArguments): Promise<void> {
  const { loadModel } = await import("../formats/model_file.js");
  const { resolveModel } = await import("../formats/shipped.js");
  const { exportTflite } = await import("../formats/tflite/export.js");
  const { openLiteRt } = await import("../formats/litert.js");
  const { writeFileSafely } = await import("../formats/write_file.js");
  const { rateOf } = await import("../measure/spotter_model.js");
  const path = resolveModel(name);
  if (path.toLowerCase().endsWith(".tflite"))
    throw new UserError(`${path}: is a .tflite file already; give the .safetensors file`);
  const model = await loadModel(path);
  const { features, states } = options;
  const bytes = exportTflite(model, { features, states, rate: rateOf(model) });
  const out = options.out ?? `${basename(path, ".safetensors")}.tflite`;
  const runtime = await openLiteRt(bytes, out);
  const { inputs, outputs } = runtime;
  runtime.close();
  await writeFileSafely(out, bytes);
  if (options.json === true) {
    printJson({ file: out, format: options.to, bytes: bytes.length, features, states, inputs, outputs, labels: model.labels });
    return;
  }
  printText(`${out}: ${bytes.length.toLocaleString("en-US")} bytes, float32`);
  for (const [kind, tensors] of [["takes", inputs] as const, ["gives", outputs] as const])
    for (const tensor of tensors) printText(`${paint("dim", kind)}  ${textOf(tensor)}`);
  printNext(`earshot predict ${shellWord(out)} a-recording.wav`, options);
}

/** "features float32[1,49,10]". */
function textOf({ name, dtype, shape }: LiteRtTensor): string {
  return `${name} ${dtype}[${shape.join(",")}]`;
}
