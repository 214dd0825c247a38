import { ModelStream, type ModelStreamOptions, type Posterior } from "../detect/model_stream.js";
import type { Model } from "../formats/model.js";

/** What clips are played to one after another, whatever computes it. */
export interface ClipStream {
  /** Units (samples, or frames of features) a second. */
  readonly rate: number;
  /** Seconds from one result to the next. */
  readonly hop: number;
  /** Units behind a clip's end after which all results about the clip have come. */
  readonly late: number;
  /** Hears whole units, in any number; gives the results that became due. */
  feed(elements: Float32Array): readonly Posterior[] | Promise<readonly Posterior[]>;
  /** Forgets what was heard; time begins at 0 again. */
  reset(): void;
  close(): void;
}

/**
 * A model that listens, for clips.
 * @throws UserError where it cannot stream
 */
export async function openModelClipStream(model: Model, options: ModelStreamOptions): Promise<ClipStream> {
  const stream = await ModelStream.open(model, options);
  const { delay, chunk, resultStride } = stream.program.graph;
  return {
    rate: stream.rate,
    hop: stream.hop,
    late: delay + chunk + resultStride,
    feed: (elements) => stream.feed(elements),
    reset: () => stream.reset(),
    close: () => stream.close(),
  };
}
