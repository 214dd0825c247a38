import { basename } from "node:path";
import type { Command } from "commander";
import { wholeNumber } from "./arguments.js";
import { UsageError } from "../base/errors.js";
import type { TfliteStates } from "../formats/tflite/export.js";
import type { CExportArguments } from "./export_c.js";
import { printJson, printNext, shellWord } from "./output.js";
import { refuseOtherEnding } from "./output_name.js";
import { refuseReplacing } from "./replaced_input.js";
import { printTflite } from "./tflite_text.js";

interface ExportArguments extends CExportArguments {
  to: "tflite" | "c" | "pytorch";
  features?: "none" | "builtin" | "op" | "device";
  states?: TfliteStates;
  out?: string;
}

/** `earshot export MODEL --to tflite|c|pytorch`: a model as a file for another runtime, or as a program for a microcontroller. */
export function register(program: Command): void {
  const command = program
    .command("export")
    .description(
      "Write a model as a .tflite file (float32 or int8, as the model is), as C99 for a microcontroller, or its weights under PyTorch's names (.pth, .safetensors). A .tflite file is loaded into LiteRT first, so that " +
        "one that is there is one that LiteRT takes. C needs nothing beyond string.h, and its memory is planned here.",
    )
    .argument("<model>", "model file, or the name of a model that comes with earshot");
  command
    .addOption(command.createOption("--to <format>", "format of the file").choices(["tflite", "c", "pytorch"]).default("tflite"))
    .addOption(
      command
        .createOption(
          "--features <where>",
          "none: the file takes features; builtin: samples, the front end as plain operators; op: samples, TFLite's own " +
            "AudioSpectrogram and Mfcc (front end mfcc_op); device: samples as they come, for C " +
            "(default: device for C, else none)",
        )
        .choices(["none", "builtin", "op", "device"]),
    )
    .addOption(
      command
        .createOption(
          "--states <how>",
          "of a stateful network: zeros in every run (default); external: further inputs and outputs that the caller carries (default " +
            "of a stream); resource: resource variables that the file keeps itself",
        )
        .choices(["zeros", "external", "resource"]),
    )
    .option("-o, --out <path>", "where to write (default: NAME.tflite or NAME.pth in this folder; for C the folder NAME_c)")
    .option("--prefix <name>", "for C: how every symbol and file begins (default: NAME)")
    .addOption(
      command
        .createOption("--stream <form>", "hear one step after another instead of whole clips (default: as the file streams)")
        .choices(["context", "window"]),
    )
    .option("--hops <n>", "with --stream: frames in a step (default: as many as give one result)", wholeNumber(1, 1000))
    .option(
      "--asm",
      "for C: also what the compiler makes of it for --cpu, as four files: featurizer.h, featurizer.S, model.h, model.S " +
        "(needs arm-none-eabi-gcc)",
    )
    .option("--example", "for C: also a program and Makefile that classify a WAV file under QEMU, and an Arduino sketch")
    .option("--cpu <core>", "for C: generic, or cortex-m0, m3, m4, m7, m33, m55")
    .addOption(
      command
        .createOption(
          "--float-abi <how>",
          "for C: how floats are passed (default: hard where the core has a floating-point unit)",
        )
        .choices(["hard", "softfp", "soft"]),
    )
    .option("--json", "print one JSON object")
    .action(exportModel);
}

async function exportModel(name: string, options: ExportArguments): Promise<void> {
  if (options.to === "c") {
    const { exportToC } = await import("./export_c.js");
    return exportToC(name, options);
  }
  checkTflite(options);
  if (options.to === "pytorch") {
    const { exportToPytorch } = await import("./export_pytorch.js");
    return exportToPytorch(name, options);
  }
  const { loadModel } = await import("../formats/model_file.js");
  const { resolveModel } = await import("../formats/shipped.js");
  const { exportTflite } = await import("../formats/tflite/export.js");
  const { openLiteRt } = await import("../formats/litert.js");
  const { writeFileSafely } = await import("../formats/write_file.js");
  const { ownStream } = await import("../detect/model_stream.js");
  const { rateOf } = await import("../measure/spotter_model.js");
  const path = resolveModel(name);
  if (path.toLowerCase().endsWith(".tflite")) {
    const { exportAgain } = await import("./export_again.js");
    return exportAgain(path, options);
  }
  refuseReplacing(path, options.out);
  refuseOtherEnding(options.out, ".tflite");
  const model = await loadModel(path);
  const { features = "none", states } = options;
  if (features === "device") throw new UsageError("--features device is for --to c");
  const stream = options.stream ? { form: options.stream, hops: options.hops } : ownStream(model);
  const bytes = exportTflite(model, { features, ...(states ? { states } : {}), rate: rateOf(model), stream });
  const out = options.out ?? `${basename(path, ".safetensors")}.tflite`;
  const runtime = await openLiteRt(bytes, out);
  const { inputs, outputs } = runtime;
  runtime.close();
  await writeFileSafely(out, bytes);
  if (options.json === true) {
    const kept = states ?? (stream ? "external" : "zeros");
    printJson({
      file: out,
      format: options.to,
      bytes: bytes.length,
      features,
      states: kept,
      inputs,
      outputs,
      labels: model.labels,
    });
    return;
  }
  printTflite(out, bytes.length, { inputs, outputs });
  if (!stream) printNext(`earshot predict ${shellWord(out)} a-recording.wav`, options);
}

/** Options that only C takes are wrong here. */
function checkTflite(options: ExportArguments): void {
  for (const [option, value] of [
    ["--prefix", options.prefix],
    ["--cpu", options.cpu],
    ["--float-abi", options.floatAbi],
    ["--example", options.example],
    ["--asm", options.asm],
  ])
    if (value !== undefined) throw new UsageError(`${option} is for --to c`);
  if (options.hops !== undefined && !options.stream) throw new UsageError("--hops goes with --stream");
}
