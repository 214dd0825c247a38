import type { FrontendDescription } from "../frontend/frontend.js";
import { describeFrontend } from "../frontend/frontend.js";
import { FrontendRunner } from "../train/frontend_runner.js";
import { archivedFrontend } from "../train/frontends.js";
import type { Spotter } from "./spotter.js";

/** Makes the features of a model from an archive's arrays, shape [count, T0, F0] -> [count, T, F]. */
export interface ArrayFeatures {
  of(arrays: Float32Array, count: number): Float32Array;
  close(): void;
}

/**
 * Compiles what a model's front end does behind an archive.
 * @throws UserError where the archives' arrays are not what the front end gives
 */
export async function openArrayFeatures(
  spotter: Pick<Spotter, "featureShape" | "frontendDescription" | "samples" | "rate">,
  roots: Iterable<string>,
): Promise<ArrayFeatures> {
  const { featureShape } = spotter;
  const description = describeFrontend(spotter.frontendDescription as unknown as FrontendDescription);
  const frontend = archivedFrontend(description, { samples: spotter.samples, rate: spotter.rate }, featureShape, roots);
  const runner = await FrontendRunner.open(frontend, spotter.samples, "auto");
  const length = featureShape[0] * featureShape[1];
  return {
    of: (arrays, count) => {
      const features = new Float32Array(count * length);
      runner.stack(arrays, count, features);
      return features;
    },
    close: () => runner.close(),
  };
}
