import type { Model } from "../../formats/model.js";
import { countParameters } from "../../graph/count.js";
import { sizeOf, typeText } from "../../graph/types.js";
import type { CommandLine } from "./command_line.js";
import { labelsOf } from "./recipe.js";
import { type TrainDir, trainFiles } from "./train_dir.js";

/** All flags and what the original computes from them (model_flags.py). */
export function allSettings(line: CommandLine): Record<string, unknown> {
  const { base, model, options } = line;
  const samplesOf = (ms: number): number => Math.trunc((base.sample_rate * ms) / 1000);
  const [desired, window, stride] = [base.clip_duration_ms, base.window_size_ms, base.window_stride_ms].map(samplesOf) as [
    number,
    number,
    number,
  ];
  return {
    ...base,
    model_name: model,
    ...options,
    label_count: labelsOf(line).length,
    desired_samples: desired,
    window_size_samples: window,
    window_stride_samples: stride,
    spectrogram_length: desired < window ? 0 : 1 + Math.floor((desired - window) / stride),
    summaries_dir: `${base.train_dir.replace(/\/$/, "")}/logs/`,
  };
}

/** flags.json: one object in one line. */
export async function writeFlagsJson(folder: TrainDir, line: CommandLine): Promise<void> {
  await folder.writeText([trainFiles.flagsJson], JSON.stringify(allSettings(line)));
}

/** flags.txt: one flag a line. */
export async function writeFlagsText(folder: TrainDir, line: CommandLine): Promise<void> {
  const lines = Object.entries(allSettings(line)).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  await folder.writeText([trainFiles.flagsText], `${lines.toSorted().join("\n")}\n`);
}

/** labels.txt: one label a line, no newline at the end. */
export async function writeLabels(folder: TrainDir, line: CommandLine): Promise<void> {
  await folder.writeText([trainFiles.labels], labelsOf(line).join("\n"));
}

/** What model_summary.txt says: what the model takes and gives, and each parameter with its shape. */
export function modelSummary({ graph, frontend, labels }: Pick<Model, "graph" | "frontend" | "labels">): string {
  const [audio, features] = [frontend.inputs[0].value.type, graph.inputs[0].value.type];
  const trainable = countParameters(graph, { trainable: true });
  const all = graph.parameters.reduce((sum, { value }) => sum + sizeOf(value.type.shape), 0);
  const width = Math.max(...graph.parameters.map(({ name }) => name.length), 9) + 2;
  const rows = graph.parameters.map(
    ({ name, value }) => `${name.padEnd(width)}${typeText(value.type).padEnd(24)}${sizeOf(value.type.shape)}`,
  );
  return [
    `model ${graph.name}: samples ${typeText(audio)}, features ${typeText(features)}, ${labels.length} labels`,
    "",
    `${"parameter".padEnd(width)}${"type".padEnd(24)}count`,
    ...rows,
    "",
    `Total params: ${all}`,
    `Trainable params: ${trainable}`,
    `Non-trainable params: ${all - trainable}`,
    "",
  ].join("\n");
}
