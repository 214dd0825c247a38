import type { Graph } from "../graph/types.js";
import type { Batch } from "./loader_plan.js";

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
  const values = frames * features;
  const sums = new Float64Array(values);
  const squares = new Float64Array(values);
  const batches = Math.min(steps, mostBatches);
  for (let i = 0; i < batches; i++) {
    const { features: given } = await next();
    for (let j = 0; j < given.length; j++) {
      const x = given[j] as number;
      sums[j % values] += x;
      squares[j % values] += x * x;
    }
  }
  const clips = batches * batch;
  const means = new Float32Array(features);
  const factors = new Float32Array(features);
  for (let f = 0; f < features; f++) {
    let total = 0;
    let deviation = 0;
    for (let t = 0; t < frames; t++) {
      const at = sums[t * features + f] / clips;
      total += at;
      deviation += Math.sqrt(Math.max(0, squares[t * features + f] / clips - at * at));
    }
    means[f] = total / frames;
    factors[f] = deviation > 0 ? frames / deviation : 1;
  }
  return new Map([
    [mean, means],
    [factor, factors],
  ]);
}
