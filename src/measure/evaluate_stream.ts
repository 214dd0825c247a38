import { RandomStream } from "../base/random.js";
import type { ModelStreamOptions, Posterior } from "../detect/model_stream.js";
import type { Model } from "../formats/model.js";
import type { ClipSet } from "../train/sources.js";
import { type ClipStream, openModelClipStream } from "./clip_stream.js";
import { type Evaluation, evaluateScores } from "./metrics.js";
import { openStreamedClips, type StreamedClips } from "./streamed_clips.js";

/** How clips follow each other. */
export interface ClipOrderOptions {
  /** The stream begins anew with every clip. */
  readonly reset: boolean;
  /** Which of the orders the clips follow each other in, from 0; default 0. */
  readonly order?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StreamClipsOptions extends ClipOrderOptions, Pick<ModelStreamOptions, "form" | "hops" | "target" | "input"> {}

/** Key of the orders in which the clips follow each other. */
const orderKey = 0x5eed;

/**
 * Accuracy on clips (sounds, or features of an archive's arrays) streamed one after another, in one of some orders drawn once for all. A clip's answer is the result that is about the second
 * nearest to the clip's. Where such a result comes later than the clip's end (a delay), it is read from within the next clip, as
 * in a long recording; with `reset` a clip is heard alone, and digital silence follows it.
 * @throws UserError where the model cannot stream or a clip cannot be read
 */
export async function evaluateStreamedClips(model: Model, set: ClipSet, options: StreamClipsOptions): Promise<Evaluation> {
  const clips = await openStreamedClips(model, set, options.input);
  const { form, hops, target } = options;
  const stream = await openModelClipStream(model, { form, hops, target, input: clips.input }).catch((error: unknown) => {
    clips.close();
    throw error;
  });
  return evaluateClipStream(stream, clips, { labels: model.labels, truth: set.labels }, options);
}

/**
 * As `evaluateStreamedClips`, for anything that clips can be played to; closes it and the clips.
 * @param known texts of the labels, and the label of each clip
 */
export async function evaluateClipStream(
  stream: ClipStream,
  clips: StreamedClips,
  known: { readonly labels: readonly string[]; readonly truth: ArrayLike<number> },
  options: ClipOrderOptions,
): Promise<Evaluation> {
  const width = known.labels.length;
  const random = options.order ? new RandomStream(orderKey, options.order) : new RandomStream(orderKey);
  const order = random.shuffle(Array.from(known.truth, (_, i) => i));
  const player = new Player(stream, clips, options.reset);
  const scores = new Float32Array(order.length * width);
  const truth = new Int32Array(order.length);
  try {
    for (const [place, clip] of order.entries()) {
      options.signal?.throwIfAborted();
      truth[place] = known.truth[clip] as number;
      for (const { of, posterior } of await player.play(place, clip)) scores.set(posterior.scores, of * width);
      options.onProgress?.(place + 1, order.length);
    }
    for (const { of, posterior } of await player.end(await clips.read(order[0]))) scores.set(posterior.scores, of * width);
  } finally {
    stream.close();
    clips.close();
  }
  return evaluateScores(truth, scores, known.labels);
}

interface Answer {
  /** Place of the clip in the order. */
  readonly of: number;
  readonly posterior: Posterior;
}

/** Plays clips to a stream and picks each one's answer. */
class Player {
  readonly #stream: ClipStream;
  readonly #clips: StreamedClips;
  readonly #reset: boolean;
  /** Clips whose answer may still come, and the best so far. */
  #open: { of: number; begin: number; best: Posterior | undefined }[] = [];

  constructor(stream: ClipStream, clips: StreamedClips, reset: boolean) {
    [this.#stream, this.#clips, this.#reset] = [stream, clips, reset];
  }

  /** Plays the clip at a place of the order; gives the answers that are settled. */
  async play(place: number, clip: number): Promise<Answer[]> {
    if (this.#reset) this.#stream.reset();
    const begin = this.#reset ? 0 : (place * this.#clips.units) / this.#stream.rate;
    this.#open.push({ of: place, begin, best: undefined });
    this.#hear(await this.#stream.feed(await this.#clips.read(clip)));
    return this.#reset ? this.end(this.#clips.silence) : this.#settled();
  }

  /** Plays what follows the last clip for as long as an answer may be late, over and over. */
  async end(next: Float32Array): Promise<Answer[]> {
    const { units, width } = this.#clips;
    for (let left = this.#stream.late; left > 0 && this.#open.some((o) => !this.#isSettled(o)); left -= units)
      this.#hear(await this.#stream.feed(next.subarray(0, left * width)));
    const answers = this.#open.flatMap(({ of, best }) => (best ? [{ of, posterior: best }] : []));
    this.#open = [];
    return answers;
  }

  #hear(posteriors: readonly Posterior[]): void {
    for (const posterior of posteriors)
      for (const open of this.#open) {
        const distance = (p: Posterior): number => Math.abs(p.begin - open.begin);
        if (open.best === undefined || distance(posterior) < distance(open.best)) open.best = posterior;
      }
  }

  /** Whether later results are about later sound. */
  #isSettled({ begin, best }: { begin: number; best: Posterior | undefined }): boolean {
    return best !== undefined && best.begin + this.#stream.hop / 2 >= begin;
  }

  #settled(): Answer[] {
    const done = this.#open.filter((o) => this.#isSettled(o));
    this.#open = this.#open.filter((o) => !done.includes(o));
    return done.map(({ of, best }) => ({ of, posterior: best as Posterior }));
  }
}
