import * as commandLine from "./arguments.mjs";
import * as checkpoint from "./checkpoint.mjs";
import * as fastcellsFlags from "./fastcells_flags.mjs";
import * as flac from "./flac.mjs";
import * as frozenGraph from "./frozen_graph.mjs";
import * as hdf5 from "./hdf5.mjs";
import * as kwsStreamingFlags from "./kws_streaming_flags.mjs";
import * as manifest from "./manifest.mjs";
import * as mlKwsFlags from "./ml_kws_flags.mjs";
import * as npy from "./npy.mjs";
import * as npz from "./npz.mjs";
import * as pytorch from "./pytorch.mjs";
import * as recipe from "./recipe.mjs";
import * as safetensors from "./safetensors.mjs";
import * as tflite from "./tflite.mjs";
import * as wav from "./wav.mjs";

/**
 * What is fuzzed. Each has a name, `generate(random)`, which gives the bytes of a case, and `run(bytes)`, which reads them and may
 * throw errors of the UserError family only; some have `prepare()`, which is awaited before the first `generate`.
 */
export const targets = [
  wav,
  flac,
  npy,
  npz,
  safetensors,
  pytorch,
  checkpoint,
  frozenGraph,
  hdf5,
  tflite,
  manifest,
  recipe,
  commandLine,
  mlKwsFlags,
  fastcellsFlags,
  kwsStreamingFlags,
];

/** The target of that name, or undefined. */
export function targetNamed(name) {
  return targets.find((target) => target.name === name);
}
