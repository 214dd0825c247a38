import type { Graph } from "../graph/types.js";
import { verifyGraph } from "../graph/verify.js";
import { fuse } from "./fuse.js";
import { fuseFilterbank } from "./fuse_filterbank.js";
import { fusePowerSpectrum } from "./fuse_power_spectrum.js";
import { fuseSums } from "./fuse_sums.js";
import { hoist } from "./hoist.js";
import { joinSlices } from "./join_slices.js";
import { simplify } from "./simplify.js";
import { sliceEarly } from "./slice_early.js";
import { splitBatchNorm } from "./split_batch_norm.js";
import { type Tiling, tileBatch } from "./tile_batch.js";
import { transposedWeights } from "./transposed_weights.js";
import { updateEarly } from "./update_early.js";

/** The passes that make a graph fast before it is compiled; they change no result but by rounding. Differentiate before. */
export function optimize(graph: Graph, tiling?: Tiling): Graph {
  const passes = [
    fusePowerSpectrum,
    fuseFilterbank,
    sliceEarly,
    joinSlices,
    splitBatchNorm,
    simplify,
    hoist,
    simplify,
    ...(tiling ? [(whole: Graph) => tileBatch(whole, tiling)] : []),
    fuse,
    fuseSums,
    transposedWeights,
    updateEarly,
  ];
  return passes.reduce((before, pass) => {
    const after = pass(before);
    // A pass that did nothing gives its input back.
    if (after !== before) verifyGraph(after);
    return after;
  }, graph);
}
