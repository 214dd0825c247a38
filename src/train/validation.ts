import type { FeatureContext } from "./clip_features.js";
import { featureBatches } from "./clip_features.js";
import type { Inference } from "./inference.js";
import type { ClipSet } from "./sources.js";
import { countClips } from "./sources.js";

/** How a network does on clips. */
export interface ValidationFigures {
  /** Correct clips / clips. */
  accuracy: number;
  /** Mean cross-entropy, nats a clip. */
  loss: number;
  clips: number;
}

/** Features of clips are kept up to this size; beyond, they are computed for every validation. */
const mostKeptBytes = 512 << 20;

/** Validates a network on every clip of some sets. */
export class Validation {
  readonly #sets: readonly ClipSet[];
  readonly #context: FeatureContext;
  readonly #labels: Int32Array;
  #kept: Float32Array | undefined;

  constructor(sets: readonly ClipSet[], context: FeatureContext) {
    this.#sets = sets;
    this.#context = context;
    this.#labels = new Int32Array(countClips(sets));
    let at = 0;
    for (const set of sets) {
      this.#labels.set(set.labels, at);
      at += set.labels.length;
    }
  }

  /** Clips of all sets. */
  get clips(): number {
    return this.#labels.length;
  }

  /** Scores every clip; the first time computes the features. */
  async run(network: Inference): Promise<ValidationFigures> {
    const width = network.labels;
    const logits = new Float32Array(this.clips * width);
    const length = network.featureShape[0] * network.featureShape[1];
    if (this.#kept === undefined) await this.#first(network, logits, length);
    else network.run(this.#kept, this.clips, logits);
    return figuresOf(logits, this.#labels, width);
  }

  async #first(network: Inference, logits: Float32Array, length: number): Promise<void> {
    const bytes = 4 * this.clips * length;
    const kept = bytes <= mostKeptBytes ? new Float32Array(this.clips * length) : undefined;
    for await (const { features, count, first } of featureBatches(this.#sets, this.#context)) {
      kept?.set(features, first * length);
      network.run(features, count, logits.subarray(first * network.labels, (first + count) * network.labels));
    }
    this.#kept = kept;
  }
}

/** Accuracy and loss of logits, shape [clips, width]; the lowest index wins a tie. */
export function figuresOf(logits: Float32Array, labels: ArrayLike<number>, width: number): ValidationFigures {
  const clips = labels.length;
  let correct = 0;
  let loss = 0;
  for (let clip = 0; clip < clips; clip++) {
    const row = logits.subarray(clip * width, (clip + 1) * width);
    let best = 0;
    for (let i = 1; i < width; i++) if (row[i] > row[best]) best = i;
    if (best === labels[clip]) correct++;
    let sum = 0;
    for (let i = 0; i < width; i++) sum += Math.exp(row[i] - row[best]);
    loss += row[best] + Math.log(sum) - row[labels[clip]];
  }
  return { accuracy: correct / clips, loss: loss / clips, clips };
}
