import { openArchive } from "../corpus/archive.js";
import { ClipLoader } from "../corpus/load_clip.js";
import type { Model, StreamInput } from "../formats/model.js";
import { rateOf } from "../formats/model_rate.js";
import { FrontendRunner } from "../train/frontend_runner.js";
import type { ClipSet } from "../train/sources.js";
import { openArrayFeatures } from "./array_features.js";
import { computeFeatures, frontendOf, samplesOf } from "./spotter_model.js";

/** Clips as a stream takes them. */
export interface StreamedClips {
  readonly input: StreamInput;
  /** Samples, or frames of features, of a clip. */
  readonly units: number;
  /** Elements of a unit. */
  readonly width: number;
  /** A clip's elements [units * width]. */
  read(clip: number): Promise<Float32Array>;
  /** As many elements of digital silence. */
  readonly silence: Float32Array;
  close(): void;
}

/**
 * Opens a set of clips for a model: sounds as samples, or where asked for as the features of each clip; an archive's arrays as the features
 * that the model makes of them.
 * @throws UserError where the archive's arrays are not what the model's front end gives
 */
export async function openStreamedClips(model: Model, set: ClipSet, input: StreamInput = "audio"): Promise<StreamedClips> {
  if (set.kind === "archive") return arrays(model, set);
  return input === "features" ? featuresOfSounds(model, sounds(model, set)) : sounds(model, set);
}

async function featuresOfSounds(model: Model, clips: StreamedClips): Promise<StreamedClips> {
  const frontend = frontendOf(model);
  const [units, width] = frontend.featureShape;
  const runner = await FrontendRunner.open(frontend, clips.units, "auto");
  const featuresOf = (audio: Float32Array): Float32Array => computeFeatures(runner, audio, 1, clips.units, units * width);
  const read = async (clip: number): Promise<Float32Array> => featuresOf(await clips.read(clip));
  return { input: "features", units, width, read, silence: featuresOf(clips.silence), close: () => runner.close() };
}

function sounds(model: Model, { clips }: Extract<ClipSet, { kind: "sounds" }>): StreamedClips {
  const units = samplesOf(model);
  const loader = new ClipLoader({ rate: rateOf(model) });
  const read = async (clip: number): Promise<Float32Array> => {
    const audio = new Float32Array(units);
    await loader.load(clips[clip], audio);
    return audio;
  };
  return { input: "audio", units, width: 1, read, silence: new Float32Array(units), close: () => {} };
}

async function arrays(model: Model, set: Extract<ClipSet, { kind: "archive" }>): Promise<StreamedClips> {
  const [, units, width] = model.graph.inputs[0].value.type.shape as [number, number, number];
  const { frontendDescription } = model;
  const spotter = { featureShape: [units, width] as const, frontendDescription, samples: samplesOf(model), rate: rateOf(model) };
  const features = await openArrayFeatures(spotter, [set.root]);
  const silence = await silentFeatures(model);
  const archive = openArchive(set.root);
  const read = async (clip: number): Promise<Float32Array> => {
    const array = new Float32Array(archive.itemLength);
    archive.read(set.arrays[clip], array, 0);
    return features.of(array, 1);
  };
  const close = (): void => {
    archive.close();
    features.close();
  };
  return { input: "features", units, width, read, silence, close };
}

/** What the model's front end makes of a clip of zeros. */
async function silentFeatures(model: Model): Promise<Float32Array> {
  const [frontend, samples] = [frontendOf(model), samplesOf(model)];
  const runner = await FrontendRunner.open(frontend, samples, "auto");
  const [units, width] = frontend.featureShape;
  const features = computeFeatures(runner, new Float32Array(samples), 1, samples, units * width);
  runner.close();
  return features;
}
