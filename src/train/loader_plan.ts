import type { LogPower } from "../corpus/augment/log_power.js";
import { Sampler, type SamplerOptions } from "../corpus/sampler.js";
import type { Graph } from "../graph/types.js";
import type { LoaderClock } from "./loader_clock.js";
import type { LoaderMemory } from "./loader_memory.js";
import type { Recipe } from "./recipe.js";
import type { ClipSet } from "./sources.js";
import type { CutFrontend } from "./spectrogram_maker.js";

/** The front end, cut where an archive's arrays come in. Graphs are typed for one clip. */
export interface LoaderFrontend {
  /** Input "audio" [1, samples]; output "features" [1, T, F], or the archived arrays where `stack` is there. */
  readonly fromAudio: Graph;
  /** Input "archived" [1, T0, F0]; output "features" [1, T, F]. */
  readonly stack?: Graph | undefined;
  /** Frames and bins of the arrays of the archive; of the features where there is no archive. */
  readonly arrayShape: readonly [number, number];
  /** Frames and coefficients that the model takes. */
  readonly featureShape: readonly [number, number];
  /** The front end cut behind its Fourier transform, where spectrograms are augmented. */
  readonly cut?: CutFrontend | undefined;
  /** How values of the archived arrays come from power. */
  readonly form?: LogPower | undefined;
}

/** Everything that a loader needs, as plain data: a worker gets a copy. */
export interface LoaderPlan {
  readonly seed: number;
  readonly batch: number;
  readonly samples: number;
  /** Hz. */
  readonly rate: number;
  readonly classes: number;
  /** Index of `_silence_`, or -1. */
  readonly silence: number;
  /** Index of `_unknown_`, or -1. */
  readonly unknown: number;
  readonly order: SamplerOptions["order"];
  readonly shares: ReadonlyMap<number, number>;
  readonly passStarts?: SamplerOptions["passStarts"];
  readonly drawn?: SamplerOptions["drawn"];
  /** Weight of the loss by label. */
  readonly classWeights: Float32Array;
  readonly sources: readonly ClipSet[];
  readonly frontend: LoaderFrontend;
  readonly augmentation: Recipe["augmentation"];
  /** Recordings of background noise, in shared memory. */
  readonly noise: readonly Float32Array[];
  /** Arrays of background noise one after another, in shared memory. */
  readonly noiseArrays: Float32Array;
  /** What computes the front end. */
  readonly target: "oracle" | "wasm" | "native" | "auto";
}

/** What making batches depends on beside the plan; it changes no result. */
export interface BatchMaking {
  /** Divides the memory. */
  readonly memory?: LoaderMemory | undefined;
  /** Whether kernels are timed. */
  readonly profile?: boolean | undefined;
  /** Where the time goes. */
  readonly clock?: LoaderClock | undefined;
}

/** One batch. */
export interface Batch {
  /** Shape [batch, T, F]. */
  readonly features: Float32Array;
  /** One-hot, shape [batch, labels]. */
  readonly targets: Float32Array;
  /** Weight of each example's loss, shape [batch]. */
  readonly weights: Float32Array;
}

/** Elements of a batch's three arrays. */
export function batchLengths(plan: LoaderPlan): [features: number, targets: number, weights: number] {
  const [frames, bins] = plan.frontend.featureShape;
  return [plan.batch * frames * bins, plan.batch * plan.classes, plan.batch];
}

/** An empty batch; `shared` puts it into memory that workers can write. */
export function allocateBatch(plan: LoaderPlan, shared: boolean): Batch {
  const [features, targets, weights] = batchLengths(plan).map((length) =>
    shared ? new Float32Array(new SharedArrayBuffer(4 * length)) : new Float32Array(length),
  );
  return { features, targets, weights };
}

/** @throws UsageError for no clips, wrong weights or shares, or a class with a share but no clip */
export function samplerOf({ sources, order, seed, classes, shares, batch, passStarts, drawn }: LoaderPlan): Sampler {
  const sampled = sources.map((set) => ({ labels: set.labels, weight: set.weight }));
  return new Sampler({ sources: sampled, order, seed, classes, shares, batch, passStarts, drawn });
}
