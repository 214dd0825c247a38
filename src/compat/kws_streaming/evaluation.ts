import { UserError } from "../../base/errors.js";
import { unitsPerSecond, withStream } from "../../detect/model_stream.js";
import { loadModel, writeModel } from "../../formats/model_file.js";
import type { Model, StreamInput } from "../../formats/model.js";
import { exportTflite } from "../../formats/tflite/export.js";
import { openTfliteClipStream } from "../../measure/tflite_clip_stream.js";
import { evaluateSpotter } from "../../measure/evaluate.js";
import { evaluateClipStream, evaluateStreamedClips } from "../../measure/evaluate_stream.js";
import type { Evaluation } from "../../measure/metrics.js";
import { openSpotter } from "../../measure/spotter.js";
import { openModel } from "../../measure/spotter_model.js";
import { openStreamedClips } from "../../measure/streamed_clips.js";
import { parseListFlag } from "../../zoo/list_flag.js";
import type { ProgramContext } from "../program.js";
import type { CommandLine } from "./command_line.js";
import { bit } from "./frontend.js";
import { modelSummary } from "./settings_files.js";
import { firstClips, shiftedAccuracy, type Sounds, wholeBatches } from "./test_clips.js";
import { accuracyLine, type TrainDir } from "./train_dir.js";

/** Clips of the streaming evaluations that the original runs in TensorFlow. */
const subset = 1000;

/** Models that the original's driver does not stream (they look at the whole clip, or stride over time). */
const notStreamed: ReadonlySet<string> = new Set(["att_mh_rnn", "att_rnn", "tc_resnet"]);

/** What is measured and converted, and where to. */
export interface Measured {
  readonly line: CommandLine;
  /** The model with the best weights. */
  readonly model: Model;
  readonly clips: Sounds;
  readonly folder: TrainDir;
  readonly context: ProgramContext;
}

/** Measures and converts in the order of the original; a conversion that fails is told, and the rest goes on. */
export async function measureAndConvert(work: Measured): Promise<void> {
  await saveModels(work);
  await clipAccuracies(work);
  await tfliteOfClips(work);
  if (isStreamed(work.line)) {
    await trying(work, "TF streaming", () => streamAccuracies(work));
    await trying(work, "TFLite streaming", () => tfliteOfStream(work));
  }
}

async function trying({ context }: Measured, what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof UserError)) throw error;
    context.print(`FAILED to run ${what}: ${error.message}`);
  }
}

/** Whether the original's driver streams the model. */
function isStreamed({ model, options }: CommandLine): boolean {
  if (notStreamed.has(model)) return false;
  const strides = (flag: string): unknown[] => {
    const values = parseListFlag(String(options[flag]), flag);
    return typeof values[0] === "number" ? [values] : values;
  };
  const inTime = (flag: string): boolean => strides(flag).some((pair) => (pair as number[])[0] > 1);
  if (model === "cnn") return !inTime("cnn_strides");
  return model !== "ds_cnn" || !(inTime("cnn1_strides") || inTime("dw2_strides"));
}

/** What a step of a stream takes, and how many hops of it. */
function streaming({ base }: CommandLine): { input: StreamInput; form: "context"; hops: number | undefined } {
  const hops = base.data_stride > 1 ? base.data_stride : undefined;
  return { input: base.preprocess === "raw" ? "audio" : "features", form: "context", hops };
}

async function report(work: Measured, names: readonly string[], accuracy: number, clips: number): Promise<void> {
  const line = accuracyLine(accuracy, clips);
  await work.folder.writeText(names, line);
  work.context.print(`${names.join("/")}: ${line}`);
}

const reportEvaluation = (work: Measured, names: readonly string[], { accuracy, clips }: Evaluation): Promise<void> =>
  report(work, names, accuracy, clips);

/** Where the original has SavedModels: model files of the clip's model and of the streaming one, whose state is inside. */
async function saveModels(work: Measured): Promise<void> {
  const { folder, model, line } = work;
  const save = async (name: string, kept: Model): Promise<void> => {
    await folder.writeBytes([name, `${name}.safetensors`], writeModel(kept));
    await folder.writeText([name, "model_summary.txt"], modelSummary(kept));
  };
  await save("non_stream", model);
  await trying(work, "TF streaming", () => save("stream_state_internal", withStream(model, streaming(line))));
}

async function clipAccuracies(work: Measured): Promise<void> {
  const { line, model, clips, folder, context } = work;
  const { base } = line;
  const set = wholeBatches(clips, base.batch_size);
  const spotter = await openModel(model, { name: "non_stream" });
  try {
    await folder.writeText(["tf", "model_summary_non_stream.txt"], modelSummary(model));
    const { evaluation } = await evaluateSpotter(spotter, [set], { signal: context.signal });
    await reportEvaluation(work, ["tf", "tf_non_stream_model_accuracy.txt"], evaluation);
    const most = Math.trunc((base.time_shift_ms * base.sample_rate) / 1000);
    const shifted = await shiftedAccuracy(spotter, set, most, set.clips.length);
    await report(work, ["tf", "tf_non_stream_model_sampling_stream_accuracy.txt"], shifted, set.clips.length);
  } finally {
    spotter.close();
  }
}

/** What the .tflite files give: the original's model ends in logits unless it is told otherwise. */
const outputsOf = ({ base }: CommandLine): "probabilities" | "logits" =>
  bit("return_softmax", base.return_softmax) ? "probabilities" : "logits";

/** Where the front end of a .tflite file of clips stands. */
function featuresInFile({ base, model }: CommandLine): "none" | "builtin" | "op" {
  if (base.preprocess !== "raw") return "none";
  return base.feature_type === "mfcc_op" && model !== "dnn_raw" ? "op" : "builtin";
}

async function tfliteOfClips(work: Measured): Promise<void> {
  const { line, model, clips, folder, context } = work;
  const name = "tflite_non_stream";
  await trying(work, "TFLite conversion", async () => {
    const bytes = exportTflite(model, { features: featuresInFile(line), rate: line.base.sample_rate, outputs: outputsOf(line) });
    const path = await folder.writeBytes([name, "non_stream.tflite"], bytes);
    await folder.writeText([name, "model_summary.txt"], modelSummary(model));
    const spotter = await openSpotter(path, { runtime: "litert" });
    try {
      const { evaluation } = await evaluateSpotter(spotter, [clips], { signal: context.signal });
      await reportEvaluation(work, [name, "tflite_non_stream_model_accuracy.txt"], evaluation);
    } finally {
      spotter.close();
    }
  });
}

async function streamAccuracies(work: Measured): Promise<void> {
  const { line, model, clips, folder, context } = work;
  const set = firstClips(clips, subset);
  const how = streaming(line);
  for (const reset of [true, false]) {
    const evaluation = await evaluateStreamedClips(model, set, { ...how, reset, signal: context.signal });
    const file = `stream_state_external_model_accuracy_sub_set_reset${Number(reset)}.txt`;
    await reportEvaluation(work, ["tf", file], evaluation);
  }
  await folder.writeText(["tf", "model_summary_stream_state_external.txt"], modelSummary(model));
  // The file that listens, with its states inside.
  const listening = await loadModel(folder.join("stream_state_internal", "stream_state_internal.safetensors"));
  const evaluation = await evaluateStreamedClips(listening, set, { ...how, reset: false, signal: context.signal });
  await reportEvaluation(work, ["tf", "tf_stream_state_internal_model_accuracy_sub_set.txt"], evaluation);
  await folder.writeText(["tf", "model_summary_stream_state_internal.txt"], modelSummary(listening));
}

async function tfliteOfStream(work: Measured): Promise<void> {
  const { line, model, clips, folder, context } = work;
  const name = "tflite_stream_state_external";
  const { input, form, hops } = streaming(line);
  const features = input === "audio" ? "builtin" : "none";
  const bytes = exportTflite(model, { features, rate: line.base.sample_rate, outputs: outputsOf(line), stream: { form, hops } });
  const path = await folder.writeBytes([name, "stream_state_external.tflite"], bytes);
  await folder.writeText([name, "model_summary.txt"], modelSummary(model));
  for (const reset of [true, false]) {
    const sounds = await openStreamedClips(model, clips, input);
    const rate = unitsPerSecond(model, input);
    const stream = await openTfliteClipStream(bytes, path, { rate, clip: sounds.units });
    const known = { labels: model.labels, truth: clips.labels };
    const evaluation = await evaluateClipStream(stream, sounds, known, { reset, signal: context.signal });
    const file = `tflite_stream_state_external_model_accuracy_reset${Number(reset)}.txt`;
    await reportEvaluation(work, [name, file], evaluation);
  }
}
