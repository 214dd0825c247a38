import { UserError } from "../base/errors.js";
import { loaderProgramBytes } from "./loader_programs.js";
import type { LoaderPlan } from "./loader_plan.js";
import { batchLengths } from "./loader_plan.js";

/** How a loader divides the memory that it may take. */
export interface LoaderMemory {
  /** Bytes that it may take. */
  readonly limit: number;
  /** Bytes of programs, batches, noise and heaps. */
  readonly bytes: number;
  /** What is left of the limit: for decoding recordings and keeping them. */
  readonly decodingBytes: number;
  /** Loader threads that fit. */
  readonly workers: number;
  /** Batches that wait for the step, for each worker. */
  readonly ringPerWorker: number;
  /** Largest JavaScript heap of a worker, bytes. */
  readonly heapBytes: number;
  /** Decoded recordings of which further pieces are wanted, for each worker, bytes. */
  readonly cacheBytes: number;
  /** Largest file that is read whole, bytes. */
  readonly maxFileBytes: number;
  /** Longest recording that is decoded, samples of any rate. */
  readonly maxSamples: number;
}

/** What a loader takes unless told otherwise. */
export const defaultLoaderMemory = 1024 * 2 ** 20;

const mostRing = 2;
const mostCache = 64 * 2 ** 20;
/** Code, objects and buffers of a worker without its lists of clips. */
const heapOfWorker = 48 * 2 ** 20;
/** A clip in the list of a worker: an object, its numbers, and its texts beside the path. */
const bytesOfClip = 320;
/** For decoding a recording: half of it for the file, the other half for its samples and those at the rate of the clips. */
const leastDecoding = 8 * 2 ** 20;
/** 4 bytes a sample, and at most twice as many where the rate is raised. */
const bytesOfSample = 12;

interface Costs {
  /** Whatever the number of workers. */
  readonly shared: number;
  /** For every worker, or the loader itself where there is none. */
  readonly each: number;
  readonly heap: number;
  readonly batch: number;
  /** Whether pieces of longer recordings are wanted. */
  readonly pieces: boolean;
  /** Whether sounds are read at all. */
  readonly sounds: boolean;
}

function costsOf(plan: LoaderPlan): Costs {
  const [frames, bins] = plan.frontend.arrayShape;
  const clips = plan.sources.flatMap((source) => (source.kind === "sounds" ? source.clips : []));
  const list = clips.reduce((sum, clip) => sum + bytesOfClip + 2 * clip.path.length, 0);
  const arrays = plan.sources.reduce((sum, source) => sum + 8 * source.labels.length, 0);
  return {
    shared: plan.noise.reduce((sum, recording) => sum + recording.byteLength, plan.noiseArrays.byteLength),
    each: loaderProgramBytes(plan) + 8 * frames * bins + 2 * plan.samples,
    heap: heapOfWorker + list + arrays,
    batch: 4 * batchLengths(plan).reduce((sum, length) => sum + length, 0),
    pieces: clips.some((clip) => clip.start !== undefined || clip.end !== undefined),
    sounds: clips.length > 0,
  };
}

/** What `workers` threads take with rings of `ring` batches, nothing decoded yet. */
function fixedBytes({ shared, each, heap, batch }: Costs, workers: number, ring: number): number {
  if (workers === 0) return shared + each + batch;
  return shared + workers * (each + heap + ring * batch);
}

/**
 * Divides the memory of a loader: fewer batches wait, then there are fewer workers, where it does not suffice for what was asked.
 * What is left is for decoding recordings that are no plain 16-bit files, and for keeping those of which several pieces are wanted.
 * @param workers threads asked for
 * @param limit bytes
 * @throws UserError where even one loader without threads does not fit, with what it needs
 */
export function planLoaderMemory(plan: LoaderPlan, workers: number, limit = defaultLoaderMemory): LoaderMemory {
  const costs = costsOf(plan);
  const decoding = costs.sounds ? leastDecoding : 0;
  const ways = Array.from({ length: workers }, (_, i) => workers - i).flatMap((count) => [
    { count, ring: mostRing },
    { count, ring: 1 },
  ]);
  const all = [...ways, { count: 0, ring: 0 }];
  const fitting = all.find(({ count, ring }) => fixedBytes(costs, count, ring) + Math.max(1, count) * decoding <= limit);
  if (fitting === undefined) {
    const needed = Math.ceil((fixedBytes(costs, 0, 0) + decoding) / 2 ** 20);
    const noise = Math.round(costs.shared / 2 ** 20);
    throw new UserError(
      `the loader needs ${needed} MB, ${noise} MB of them for background noise, and may take ${Math.floor(limit / 2 ** 20)} MB; raise --loader-memory to ${needed} or more, or give less noise or a smaller batch`,
    );
  }
  const { count, ring } = fitting;
  const fixed = fixedBytes(costs, count, ring);
  const threads = Math.max(1, count);
  const left = costs.sounds ? (limit - fixed) / threads : 0;
  const cacheBytes = costs.pieces ? Math.floor(Math.min(mostCache, left / 2)) : 0;
  const each = left - cacheBytes;
  return {
    limit,
    bytes: fixed,
    decodingBytes: Math.floor(threads * left),
    workers: count,
    ringPerWorker: ring,
    heapBytes: costs.heap,
    cacheBytes,
    maxFileBytes: Math.floor(each / 2),
    maxSamples: Math.floor(each / 2 / bytesOfSample),
  };
}
