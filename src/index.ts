/**
 * earshot as a library. A training from a folder of sounds to a measured model:
 *
 *     const recipe = parseRecipe({ model: { name: "ds_cnn_s" }, frontend: frontendPreset("arm"), data: [{ kind: "sounds", path }], ... }, "recipe");
 *     const { run } = await train(recipe, { out: "runs/first" });
 *     const spotter = await openSpotter(`${run}/best.safetensors`);
 *     const { label, score } = await predict(spotter, "yes.wav");
 *
 * Faults that a user can mend are UserError, FormatError (a file) or UsageError (an option).
 */

// Errors and randomness
export { FormatError, InternalError, UsageError, UserError } from "./base/errors.js";
export { RandomStream } from "./base/random.js";

// Sound files
export { decodeSound, readSound } from "./signal/decode.js";
export type { ReadOptions } from "./signal/decode.js";
export { resampleSound } from "./signal/resample.js";
export { encodeWav } from "./signal/wav.js";
export type { Sound, SoundLimits, WavEncoding } from "./signal/wav.js";

// Graphs: building, checking, text, other shapes, first values
export { GraphBuilder } from "./graph/builder.js";
export { countParameters, multiplyAccumulates } from "./graph/count.js";
export { initializeParameters } from "./graph/initialize.js";
export { ops } from "./graph/ops/index.js";
export { retype } from "./graph/retype.js";
export { parseGraph } from "./graph/text_parse.js";
export { printGraph } from "./graph/text_print.js";
export { tensor } from "./graph/types.js";
export type {
  Attributes,
  DType,
  Graph,
  Initializer,
  NamedValue,
  Node,
  Parameter,
  State,
  TensorType,
  Value,
} from "./graph/types.js";
export { verifyGraph } from "./graph/verify.js";

// Graph to graph
export { differentiate } from "./passes/autodiff.js";
export type { GradientRequest } from "./passes/autodiff.js";
export { foldBatchNorm } from "./passes/fold.js";
export { optimize } from "./passes/optimize.js";
export { unroll } from "./passes/unroll.js";

// Graph to program
export { compile, defaultTarget } from "./engine/compile.js";
export type { CompileOptions } from "./engine/compile.js";
export type { CompiledProgram, TargetName, TensorData } from "./engine/program.js";

// Front ends
export { buildFrontend, describeFrontend, featureShape, oneSecond, parseFrontend } from "./frontend/frontend.js";
export type { FrontendDescription, FrontendInput } from "./frontend/frontend.js";
export type { SoundShape } from "./frontend/options.js";
export { frontendPreset, frontendPresets } from "./frontend/presets.js";

// Networks and their published trainings
export { architectures, buildModel, defaultOptions, findModel, modelNames, resolveOptions, zooModels } from "./zoo/index.js";
export type { Architecture, ModelOptions, ModelShape, ZooModel } from "./zoo/index.js";
export { publishedRecipe, publishedTraining, publishedTrainings } from "./zoo/recipes/index.js";
export type { PublishedRecipe, PublishedTraining } from "./zoo/recipes/index.js";

// Model files and other runtimes
export { openLiteRt } from "./formats/litert.js";
export type { LiteRtKernels, LiteRtModel, LiteRtTensor } from "./formats/litert.js";
export { importModel } from "./formats/import/index.js";
export type { ImportOptions } from "./formats/import/index.js";
export type { Model } from "./formats/model.js";
export { loadModel, parseModel, saveModel, writeModel } from "./formats/model_file.js";
export { resolveModel, shippedModels } from "./formats/shipped.js";
export { exportTflite } from "./formats/tflite/export.js";
export type { TfliteExportOptions } from "./formats/tflite/export.js";
export { readTfliteMetadata } from "./formats/tflite/metadata.js";
export type { TfliteMetadata } from "./formats/tflite/metadata.js";

// Data sets and feature archives
export { archiveClips, openArchive } from "./corpus/archive.js";
export type { ArchiveClip } from "./corpus/archive.js";
export type { ArchiveOptions, FeatureArchive } from "./corpus/feature_archive.js";
export { ArchiveWriter } from "./corpus/archive_writer.js";
export type { ArchiveWriterOptions } from "./corpus/archive_writer.js";
export { checkDataset } from "./corpus/check.js";
export type { CheckOptions, CheckReport } from "./corpus/check.js";
export type { Clip, Split } from "./corpus/clip.js";
export { clipsOf, openDataset } from "./corpus/dataset.js";
export type { Dataset, DatasetOptions } from "./corpus/dataset.js";
export { getSpeechCommands } from "./corpus/speech_commands.js";
export type { GetOptions } from "./corpus/speech_commands.js";
export { datasetStatistics } from "./corpus/statistics.js";
export type { DatasetStatistics } from "./corpus/statistics.js";
export { synthesizeDataset } from "./corpus/synthesize.js";
export type { SynthesisOptions, SynthesisResult } from "./corpus/synthesize.js";

// Training
export { featurize } from "./train/featurize.js";
export type { FeaturizedSet, FeaturizeOptions } from "./train/featurize.js";
export type { Optimizer } from "./train/optimizer.js";
export { parseRecipe } from "./train/recipe.js";
export type { Recipe, RecipeInput } from "./train/recipe.js";
export { soundSet } from "./train/sources.js";
export type { ClipSet } from "./train/sources.js";
export { buildTrainingStep } from "./train/step.js";
export type { StepOptions } from "./train/step.js";
export { resumeTraining, train } from "./train/train.js";
export type { TrainOptions } from "./train/train_options.js";
export type { TrainingOutcome } from "./train/training_outcome.js";

// Measuring and using
export { compareRuns } from "./measure/compare_runs.js";
export { renderComparison } from "./measure/comparison.js";
export type { ComparedRun, ComparisonInput, SeedGroup } from "./measure/comparison.js";
export { evaluateSpotter as evaluate } from "./measure/evaluate.js";
export type { EvaluateOptions, SpotterEvaluation } from "./measure/evaluate.js";
export { finishRun } from "./measure/finish_run.js";
export type { FinishedRun } from "./measure/finish_run.js";
export { evaluateScores } from "./measure/metrics.js";
export type { ClassMetrics, Evaluation } from "./measure/metrics.js";
export { predictFile as predict } from "./measure/predict.js";
export type { Prediction } from "./measure/predict.js";
export { helloEdgeCost, profile } from "./measure/profile.js";
export type { HelloEdgeCost, LayerProfile, Profile } from "./measure/profile.js";
export { renderReport } from "./measure/report.js";
export { reportOfRun } from "./measure/run_report.js";
export { openSpotter } from "./measure/spotter.js";
export { openModel } from "./measure/spotter_model.js";
export type { Spotter, SpotterOptions } from "./measure/spotter_model.js";

// Streams
export { ModelStream, streamModel } from "./detect/model_stream.js";
export type { ModelStreamOptions, Posterior } from "./detect/model_stream.js";
export { StreamProgram } from "./engine/stream_program.js";
export { streamGraph } from "./passes/stream.js";
export type { StreamForm, StreamingGraph, StreamOptions, StreamState } from "./passes/stream.js";
