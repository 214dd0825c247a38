import type { Graph } from "../graph/types.js";

/** Moves what does not depend on a scan's state out of the loop. */
export function hoist(graph: Graph): Graph {
  return graph;
}
