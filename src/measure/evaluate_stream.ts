import { RandomStream } from "../base/random.js";
import type { Clip } from "../corpus/clip.js";
import { ClipLoader } from "../corpus/load_clip.js";
import { ModelStream, type ModelStreamOptions, type Posterior } from "../detect/model_stream.js";
import type { Model } from "../formats/model.js";
import type { ClipSet } from "../train/sources.js";
import { samplesOf } from "./spotter_model.js";
import { type Evaluation, evaluateScores } from "./metrics.js";

export interface StreamClipsOptions extends Pick<ModelStreamOptions, "form" | "hops" | "target"> {
  /** The stream begins anew with every clip. */
  readonly reset: boolean;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Key of the order in which the clips follow each other. */
const orderKey = 0x5eed;

/**
 * Accuracy on clips streamed one after another, in an order drawn once for all. A clip's answer is the result that is about the second
 * nearest to the clip's. Where such a result comes later than the clip's end (a delay), it is read from within the next clip, as
 * in a long recording; with `reset`, too, the next clip's beginning is heard then, and heard again after the reset.
 * @throws UserError where the model cannot stream or a clip cannot be read
 */
export async function evaluateStreamedClips(
  model: Model,
  { clips, labels }: Extract<ClipSet, { kind: "sounds" }>,
  options: StreamClipsOptions,
): Promise<Evaluation> {
  const stream = await ModelStream.open(model, { form: options.form, hops: options.hops, target: options.target });
  const order = new RandomStream(orderKey).shuffle(clips.map((_, i) => i));
  const player = new Player(stream, clips, samplesOf(model), options.reset);
  const scores = new Float32Array(clips.length * model.labels.length);
  const truth = new Int32Array(clips.length);
  try {
    for (const [place, clip] of order.entries()) {
      options.signal?.throwIfAborted();
      const next = order[(place + 1) % order.length];
      truth[place] = labels[clip];
      for (const { of, posterior } of await player.play(place, clip, next))
        scores.set(posterior.scores, of * model.labels.length);
      options.onProgress?.(place + 1, order.length);
    }
    for (const { of, posterior } of await player.end(order[0])) scores.set(posterior.scores, of * model.labels.length);
  } finally {
    stream.close();
  }
  return evaluateScores(truth, scores, model.labels);
}

interface Answer {
  /** Place of the clip in the order. */
  readonly of: number;
  readonly posterior: Posterior;
}

/** Plays clips to a stream and picks each one's answer. */
class Player {
  readonly #stream: ModelStream;
  readonly #clips: readonly Clip[];
  readonly #samples: number;
  readonly #reset: boolean;
  readonly #loader: ClipLoader;
  /** Clips whose answer may still come, and the best so far. */
  #open: { of: number; begin: number; best: Posterior | undefined }[] = [];

  constructor(stream: ModelStream, clips: readonly Clip[], samples: number, reset: boolean) {
    [this.#stream, this.#clips, this.#samples, this.#reset] = [stream, clips, samples, reset];
    this.#loader = new ClipLoader({ rate: stream.rate });
  }

  async #sound(clip: number): Promise<Float32Array> {
    const audio = new Float32Array(this.#samples);
    await this.#loader.load(this.#clips[clip], audio);
    return audio;
  }

  /** Plays the clip at a place of the order; gives the answers that are settled. */
  async play(place: number, clip: number, next: number): Promise<Answer[]> {
    if (this.#reset) this.#stream.reset();
    const begin = this.#reset ? 0 : (place * this.#samples) / this.#stream.rate;
    this.#open.push({ of: place, begin, best: undefined });
    this.#hear(this.#stream.feed(await this.#sound(clip)));
    return this.#reset ? this.end(next) : this.#settled();
  }

  /** Plays what follows the last clip for as long as an answer may be late. */
  async end(next: number): Promise<Answer[]> {
    const { chunk, delay, resultStride } = this.#stream.program.graph;
    for (let left = delay + chunk + resultStride; left > 0 && this.#open.some((o) => !this.#isSettled(o)); left -= this.#samples)
      this.#hear(this.#stream.feed((await this.#sound(next)).subarray(0, left)));
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
