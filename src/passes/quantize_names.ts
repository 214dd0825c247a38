import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { ops } from "../graph/ops/index.js";
import type { Graph } from "../graph/types.js";

/** Names by which a caller says how parts of a graph are quantized. */
interface NamedParts {
  readonly wide?: readonly string[] | undefined;
  readonly float?: readonly string[] | undefined;
}

/**
 * A misspelt name would change nothing. Ops that the graph does not have are taken: a list of them may be meant for several models.
 * @throws UsageError for the first name that is neither a layer nor, among those that stay float, an op
 */
export function refuseUnknownParts(graph: Graph, { wide = [], float = [] }: NamedParts): void {
  const layers = [...new Set(graph.parameters.map(({ name }) => name.replace(/\.[^.]*$/, "")))];
  const opNames = ops.map(({ name }) => name);
  refuseOthers("layer", wide, layers, layers);
  refuseOthers("layer or op", float, [...layers, ...opNames], layers);
}

function refuseOthers(kind: string, names: readonly string[], known: readonly string[], shown: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const advice = near === undefined ? `its layers are ${shown.join(", ")}` : `did you mean '${near}'?`;
  throw new UsageError(`the network has no ${kind} '${unknown}'; ${advice}`);
}
