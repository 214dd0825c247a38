import type { Graph } from "../graph/types.js";
import { fuse } from "./fuse.js";
import { fusePowerSpectrum } from "./fuse_power_spectrum.js";
import { hoist } from "./hoist.js";
import { simplify } from "./simplify.js";

/** The passes that make a graph fast before it is compiled; they change no result but by rounding. Differentiate before. */
export function optimize(graph: Graph): Graph {
  return fuse(simplify(hoist(simplify(fusePowerSpectrum(graph)))));
}
