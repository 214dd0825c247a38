import { openArchive } from "../corpus/archive.js";
import { loadNoise } from "../corpus/noise_bank.js";
import { FrontendRunner } from "./frontend_runner.js";
import type { LoaderFrontend } from "./loader_plan.js";
import type { Recipe } from "./recipe.js";
import type { TrainingData } from "./sources.js";

/** Background noise as all loader workers share it. */
export interface SharedNoise {
  /** Samples of recordings. */
  recordings: Float32Array[];
  /** Arrays [count, T0, F0] one after another: those of the archives, then the recordings second by second. */
  arrays: Float32Array;
}

/** Loads background noise into shared memory; with an archive in the mix, recordings become arrays too. */
export async function loadSharedNoise(
  data: TrainingData,
  recipe: Recipe,
  frontend: LoaderFrontend,
  target: "oracle" | "wasm" | "native" | "auto",
): Promise<SharedNoise> {
  const { rate, samples } = recipe;
  const loaded = await loadNoise(data.noise, { rate, clipSamples: samples });
  const recordings = loaded.map(shared);
  if (frontend.stack === undefined) return { recordings, arrays: new Float32Array(0) };
  const pieces = loaded.flatMap((recording) =>
    Array.from({ length: Math.floor(recording.length / samples) }, (_, i) => recording.subarray(i * samples, (i + 1) * samples)),
  );
  const length = frontend.arrayShape[0] * frontend.arrayShape[1];
  const stored = data.noiseArrays.reduce((sum, { arrays }) => sum + arrays.length, 0);
  const arrays = new Float32Array(new SharedArrayBuffer(4 * length * (stored + pieces.length)));
  let at = 0;
  for (const { root, arrays: places } of data.noiseArrays) {
    const archive = openArchive(root);
    for (const place of places) archive.read(place, arrays, length * at++);
    archive.close();
  }
  if (pieces.length > 0) await computeArrays(pieces, frontend, samples, target, arrays.subarray(length * at));
  return { recordings, arrays };
}

async function computeArrays(
  pieces: readonly Float32Array[],
  frontend: LoaderFrontend,
  samples: number,
  target: "oracle" | "wasm" | "native" | "auto",
  out: Float32Array,
): Promise<void> {
  const runner = await FrontendRunner.open(frontend, samples, target);
  const length = out.length / pieces.length;
  for (let from = 0; from < pieces.length; from += runner.group) {
    const members = pieces.slice(from, from + runner.group);
    for (const [i, piece] of members.entries()) runner.audio(i).set(piece);
    runner.run();
    for (let i = 0; i < members.length; i++) out.set(runner.result(i), (from + i) * length);
  }
  runner.close();
}

function shared(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
