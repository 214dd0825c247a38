import { openArchive } from "../corpus/archive.js";
import { ClipLoader } from "../corpus/load_clip.js";
import type { FrontendRunner } from "./frontend_runner.js";
import type { LoaderFrontend } from "./loader_plan.js";
import type { ClipSet } from "./sources.js";

/** Features of clips as they are, without augmentation. */
export interface FeatureBatch {
  /** Shape [count, T, F]; valid until the next batch. */
  readonly features: Float32Array;
  readonly count: number;
  /** Place of the first clip among all clips of all sets. */
  readonly first: number;
}

/** What features are computed with. */
export interface FeatureContext {
  readonly runner: FrontendRunner;
  readonly frontend: LoaderFrontend;
  /** Hz. */
  readonly rate: number;
}

const batchSize = 64;

/** Computes the features of every clip of the sets, in order; a sound shorter than a clip is padded with zeros at its end. */
export async function* featureBatches(sets: readonly ClipSet[], context: FeatureContext): AsyncGenerator<FeatureBatch> {
  const { runner, frontend, rate } = context;
  const arrayLength = frontend.arrayShape[0] * frontend.arrayShape[1];
  const arrays = new Float32Array(batchSize * arrayLength);
  const features = new Float32Array(batchSize * frontend.featureShape[0] * frontend.featureShape[1]);
  const loader = new ClipLoader({ rate });
  let first = 0;
  for (const set of sets) {
    const archive = set.kind === "archive" ? openArchive(set.root) : undefined;
    for (let from = 0; from < set.labels.length; from += batchSize) {
      const count = Math.min(batchSize, set.labels.length - from);
      if (set.kind === "sounds") await soundArrays(set.clips.slice(from, from + count), loader, runner, arrays, arrayLength);
      else for (let i = 0; i < count; i++) archive?.read(set.arrays[from + i], arrays, i * arrayLength);
      const out = features.subarray(0, (features.length / batchSize) * count);
      runner.stack(arrays.subarray(0, count * arrayLength), count, out);
      yield { features: out, count, first };
      first += count;
    }
    archive?.close();
  }
}

async function soundArrays(
  clips: Extract<ClipSet, { kind: "sounds" }>["clips"],
  loader: ClipLoader,
  runner: FrontendRunner,
  arrays: Float32Array,
  length: number,
): Promise<void> {
  for (let from = 0; from < clips.length; from += runner.group) {
    const members = clips.slice(from, from + runner.group);
    for (const [i, clip] of members.entries())
      if (!loader.loadNow(clip, runner.audio(i))) await loader.load(clip, runner.audio(i));
    runner.run();
    for (let i = 0; i < members.length; i++) arrays.set(runner.result(i), (from + i) * length);
  }
}
