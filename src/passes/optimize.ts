import type { Graph } from "../graph/types.js";
import { fuse } from "./fuse.js";
import { fuseFilterbank } from "./fuse_filterbank.js";
import { fusePowerSpectrum } from "./fuse_power_spectrum.js";
import { hoist } from "./hoist.js";
import { simplify } from "./simplify.js";
import { splitBatchNorm } from "./split_batch_norm.js";
import { type Tiling, tileBatch } from "./tile_batch.js";

/** The passes that make a graph fast before it is compiled; they change no result but by rounding. Differentiate before. */
export function optimize(graph: Graph, tiling?: Tiling): Graph {
  const whole = simplify(hoist(simplify(splitBatchNorm(fuseFilterbank(fusePowerSpectrum(graph))))));
  return fuse(tiling ? tileBatch(whole, tiling) : whole);
}
