import { UsageError } from "../base/errors.js";
import { buildFrontend, type FrontendDescription } from "../frontend/frontend.js";
import type { SoundShape } from "../frontend/options.js";
import type { Graph } from "../graph/types.js";

/** How a recording is cut into rows of so many frames. */
export interface RowShape {
  /** Front end of one row: "audio" [1, samples] -> "features" [1, lead + window, bins]. */
  readonly graph: Graph;
  readonly samples: number;
  /** Frames of a row. */
  readonly window: number;
  readonly bins: number;
  /** Samples from one frame to the next. */
  readonly hop: number;
  /** Samples of the recording that are left out at its beginning, as if they were not there. */
  readonly skipped: number;
  /** Frames before a row that are computed with it and dropped: they give it the sound before it. */
  readonly lead: number;
  /** Frames of a recording of so many samples. */
  readonly framesOf: (samples: number) => number;
}

const longestRow = 1 << 24;

/**
 * How a front end makes rows. Each row of ELL's featurizer hears the sound before it, and the last hop of a recording is filled up with
 * zeros, as when the whole recording ran through it; the other front ends hear a row alone.
 * @param window frames of a row
 * @param rate Hz
 * @throws UsageError where the front end does not give that many frames
 */
export function rowShape(description: FrontendDescription, window: number, rate: number): RowShape {
  if (description.kind === "ell") return ellRows(description, window, rate);
  const samples = samplesFor(description, window, rate);
  const first = samplesFor(description, 1, rate);
  const hop = samplesFor(description, 2, rate) - first;
  const graph = buildFrontend(description, { samples, rate });
  const framesOf = (count: number): number => (count < first ? 0 : 1 + Math.floor((count - first) / hop));
  return { graph, samples, window, bins: shapeOf(graph)[1], hop, skipped: 0, lead: 0, framesOf };
}

function ellRows(description: Extract<FrontendDescription, { kind: "ell" }>, window: number, rate: number): RowShape {
  const { inputBufferSize: hop, windowSize, iir, skippedHops } = description;
  const skippedFrames = skippedHops < 0 ? Math.floor(windowSize / hop) : skippedHops;
  const lead = Math.ceil(Math.max(0, windowSize + (iir ? 1 : 0) - hop) / hop);
  const samples = (lead + window) * hop;
  checkLength(samples, window);
  const graph = buildFrontend({ ...description, skippedHops: 0 }, { samples, rate });
  const framesOf = (count: number): number => Math.max(0, Math.ceil(count / hop) - skippedFrames);
  return { graph, samples, window, bins: shapeOf(graph)[1], hop, skipped: skippedFrames * hop, lead, framesOf };
}

/** Samples of a clip of which a front end makes so many frames: the sound that a model with rows of that length hears. */
export function clipShape(description: FrontendDescription, window: number, rate: number): SoundShape {
  if (description.kind !== "ell") return { samples: samplesFor(description, window, rate), rate };
  const { hop, skipped } = ellRows(description, window, rate);
  return { samples: skipped + window * hop, rate };
}

/** The fewest samples that give so many frames. */
function samplesFor(description: FrontendDescription, frames: number, rate: number): number {
  let high = 256;
  while (framesWith(description, high, rate) < frames) checkLength((high *= 2), frames);
  let low = high / 2;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (framesWith(description, middle, rate) >= frames) high = middle;
    else low = middle;
  }
  if (framesWith(description, high, rate) !== frames)
    throw new UsageError(`front end ${description.kind}: there is no sound of which it makes ${frames} frames`);
  return high;
}

function framesWith(description: FrontendDescription, samples: number, rate: number): number {
  try {
    return shapeOf(buildFrontend(description, { samples, rate }))[0];
  } catch (error) {
    // Too short for one frame.
    if (error instanceof UsageError && samples < longestRow / 2) return 0;
    throw error;
  }
}

function checkLength(samples: number, window: number): void {
  if (samples > longestRow)
    throw new UsageError(`a row of ${window} frames has ${samples} samples; at most ${longestRow} are taken`);
}

function shapeOf(graph: Graph): [number, number] {
  const [, frames, bins] = graph.outputs[0]!.value.type.shape as [number, number, number];
  return [frames, bins];
}
