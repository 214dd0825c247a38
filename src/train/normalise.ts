import { openArchive } from "../corpus/archive.js";
import type { Graph } from "../graph/types.js";
import type { Batch } from "./loader_plan.js";
import type { ClipSet } from "./sources.js";

const mean = "normalize.mean";
const factor = "normalize.factor";

/** Whether a network begins by normalising its features with values of the training clips. */
export function isNormalised(graph: Graph): boolean {
  return graph.parameters.some((p) => p.name === mean);
}

/** Batches that the values are taken from. */
const mostBatches = 100;

/**
 * Mean and reciprocal deviation of each feature over training clips, as EdgeML's --normalize has them: the deviation is the mean over the
 * frames of that over the clips; a feature that never changes is not scaled.
 * @param features values of a feature vector
 * @returns buffers of the network, by name
 */
export async function normalisation(
  next: () => Promise<Batch>,
  { steps, batch, frames, features }: { steps: number; batch: number; frames: number; features: number },
): Promise<Map<string, Float32Array>> {
  const moments = new Moments(frames, features);
  const batches = Math.min(steps, mostBatches);
  for (let i = 0; i < batches; i++) moments.add((await next()).features, batch);
  return moments.buffers();
}

/** The same over every row of the training sets, as they are. */
export function normalisationOfRows(sets: readonly ClipSet[]): Map<string, Float32Array> | undefined {
  let moments: Moments | undefined;
  for (const set of sets) {
    if (set.kind !== "archive") continue;
    const archive = openArchive(set.root);
    try {
      const [frames, features] = archive.itemShape as [number, number];
      moments ??= new Moments(frames, features);
      const row = new Float32Array(archive.itemLength);
      for (const index of set.arrays) {
        archive.read(index, row);
        moments.add(row, 1);
      }
    } finally {
      archive.close();
    }
  }
  return moments?.buffers();
}

/** Sums over clips. */
class Moments {
  readonly #frames: number;
  readonly #features: number;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #clips = 0;

  constructor(frames: number, features: number) {
    this.#frames = frames;
    this.#features = features;
    this.#sums = new Float64Array(frames * features);
    this.#squares = new Float64Array(frames * features);
  }

  /** @param given shape [clips, frames, features] */
  add(given: Float32Array, clips: number): void {
    const values = this.#sums.length;
    for (let j = 0; j < clips * values; j++) {
      const x = given[j] as number;
      this.#sums[j % values] += x;
      this.#squares[j % values] += x * x;
    }
    this.#clips += clips;
  }

  /** Buffers of the network, by name. */
  buffers(): Map<string, Float32Array> {
    const [frames, features, clips] = [this.#frames, this.#features, this.#clips];
    const means = new Float32Array(features);
    const factors = new Float32Array(features);
    for (let f = 0; f < features; f++) {
      let total = 0;
      let deviation = 0;
      for (let t = 0; t < frames; t++) {
        const at = this.#sums[t * features + f] / clips;
        total += at;
        deviation += Math.sqrt(Math.max(0, this.#squares[t * features + f] / clips - at * at));
      }
      means[f] = total / frames;
      factors[f] = deviation > 0 ? frames / deviation : 1;
    }
    return new Map([
      [mean, means],
      [factor, factors],
    ]);
  }
}
