import { existsSync } from "node:fs";
import type { Command } from "commander";
import { UsageError } from "../base/errors.js";
import type { FrontendDescription } from "../frontend/frontend.js";
import { commaList, wholeNumber } from "./arguments.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";
import { refuseOtherEnding } from "./output_name.js";
import { refuseReplacing } from "./replaced_input.js";

interface ImportArguments extends CommonOptions {
  network?: string;
  option?: string[];
  frontend?: string;
  labels?: string;
  rate?: number;
  samples?: number;
  licence?: string;
  out: string;
}

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `earshot import FILE`: trained weights of another system as a model of ours. */
export function register(program: Command): void {
  program
    .command("import")
    .description(
      "Read trained weights of another system as a model that predicts, streams, quantizes and exports as any other: PyTorch state dicts " +
        "(.pth, .pt, .safetensors), read without executing anything, Keras's .h5, TensorFlow's checkpoints, SavedModels and frozen graphs of 2017 (.pb). " +
        "docs/import.md says which networks.",
    )
    .argument("<file>", "file with the weights; for a checkpoint its name without .index, or its folder")
    .requiredOption("-o, --out <file>", "model file to write, .safetensors")
    .option("--network <name>", "network that was trained, such as shufflenetv2 (default: what the file shows)")
    .option("--option <name=value>", "option of the network; may be repeated", collect)
    .option("--frontend <name>", "front end: a JSON file or a name (default: the file's, or the published network's)")
    .option("--labels <list>", "labels in the order of the outputs: a file with one a line, or a list with commas")
    .option("--rate <hz>", "rate of the sounds (default: 16000)", wholeNumber(1000, 768_000))
    .option("--samples <n>", "samples of a clip (default: one second)", wholeNumber(16, 10_000_000))
    .option("--licence <text>", "licence and attribution that the model carries")
    .option("--json", "print one JSON object")
    .action(importFile);
}

async function importFile(file: string, options: ImportArguments): Promise<void> {
  const { importModel } = await import("../formats/import/index.js");
  const { saveModel } = await import("../formats/model_file.js");
  const { network, rate, samples, licence, out } = options;
  refuseOtherEnding(out, ".safetensors");
  refuseReplacing(file, out);
  const model = await importModel(file, {
    network,
    options: networkOptions(options.option ?? []),
    frontend: await frontendNamed(options.frontend),
    labels: await labelsNamed(options.labels),
    rate,
    samples,
    licence,
  });
  await saveModel(out, model);
  const name = String(model.training["model"]);
  const elements = [...model.parameters.values()].reduce((sum, values) => sum + values.length, 0);
  if (options.json === true) {
    printJson({ file: out, network: name, labels: model.labels, frontend: model.frontendDescription, elements });
    return;
  }
  printText(`${out}: ${name}, ${model.labels.length} labels, ${elements.toLocaleString("en-US")} values of ${file}`);
  printNext(`earshot predict ${shellWord(out)} a-recording.wav`, options);
}

function networkOptions(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((item) => {
      const [, name, value] = /^([^=]+)=(.*)$/.exec(item) ?? [];
      if (name === undefined || value === undefined) throw new UsageError(`--option ${item}: write name=value`);
      return [name, value];
    }),
  );
}

async function frontendNamed(named: string | undefined): Promise<FrontendDescription | undefined> {
  if (named === undefined) return undefined;
  const { readFrontend } = await import("../frontend/frontend.js");
  const { frontendPreset } = await import("../frontend/presets.js");
  return existsSync(named) ? readFrontend(named) : frontendPreset(named);
}

async function labelsNamed(named: string | undefined): Promise<readonly string[] | undefined> {
  if (named === undefined) return undefined;
  const { readLabels } = await import("../formats/labels_file.js");
  return existsSync(named) || !named.includes(",") ? readLabels(named) : commaList(named);
}
