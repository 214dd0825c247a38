import { UsageError } from "../base/errors.js";
import { unknownLabel } from "../corpus/clip.js";
import type { Graph } from "../graph/types.js";
import type { Recipe } from "./recipe.js";
import { missingMatrices } from "./sparsify.js";

/** Options of a recipe that can do nothing to its data or its network: a sentence for each, which begins with the option. */
export function idleOptions({ augmentation, sampling, sparsity }: Recipe, graph: Graph, labels: readonly string[]): string[] {
  const idle = sparsity === undefined ? [] : missingMatrices(graph, sparsity);
  if (sampling.order !== "balanced" && Object.keys(sampling.shares).length > 0)
    idle.push(`sampling.shares goes with the order "balanced", and the order is "${sampling.order}"`);
  if (augmentation.junctions > 0 && !labels.includes(unknownLabel))
    idle.push(`augmentation.junctions (--junctions) makes examples of the label ${unknownLabel}, which is not among the labels`);
  return idle;
}

/**
 * A training that begins does not take what it cannot heed. One that goes on does: earlier versions began it, and its recipe stays as it is.
 * @throws UsageError for the first idle option
 */
export function refuseIdle(idle: readonly string[]): void {
  if (idle.length > 0) throw new UsageError(`${idle[0]}; leave it out`);
}
