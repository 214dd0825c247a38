import { invariant, UsageError } from "../base/errors.js";
import { RandomStream } from "../base/random.js";
import { lastAtMost } from "../base/search.js";
import { permute } from "./permutation.js";

/** The training clips of one source: a data set, an archive, synthetic speech. */
export interface SamplerSource {
  /** Label index of each clip. */
  labels: ArrayLike<number>;
  /** Share of this source among the draws, relative to the other sources. Default: its number of clips. */
  weight?: number | undefined;
}

/** How training clips are chosen. */
export interface SamplerOptions {
  sources: readonly SamplerSource[];
  /**
   * "uniform": every clip of a source equally often, with replacement (kws_streaming, Hello Edge 2017).
   * "balanced": first the class by its share, then a clip of the class.
   * "walk": the shuffled clips in order, over and over, never shuffled again (`pick_deterministically`, Hello Edge 2020); ignores weights.
   * "epochs": as walk, but shuffled again for every pass.
   */
  order?: "uniform" | "balanced" | "walk" | "epochs" | undefined;
  seed: number;
  /** Number of labels. */
  classes: number;
  /** For "balanced": share of a class by label index; what is left goes to the other classes equally. */
  shares?: ReadonlyMap<number, number> | undefined;
  /** Slots of a step, for "walk" and "epochs". */
  batch?: number | undefined;
  /** For "epochs": step with which each pass begins, ascending from 1. Default: a pass begins where the one before it has no clip left. */
  passStarts?: Int32Array | undefined;
  /**
   * For "epochs": a label of which a pass takes random clips, so many that they make up `share` of it; all other clips come once
   * (`sample_non_kw` of EdgeML).
   */
  drawn?: DrawnLabel | undefined;
}

/** A label of whose clips each pass draws some. */
export interface DrawnLabel {
  /** Index of the label. */
  label: number;
  /** Of a pass, from 0 and below 1. */
  share: number;
}

/** Which clip goes into a slot. */
export interface Draw {
  /** Index of the source. */
  source: number;
  /** Index of the clip in its source. */
  clip: number;
}

/** The clips of one class in one source. */
interface Member {
  clips: Int32Array;
  source: number;
  /** Running sum of the weights of the class's sources. */
  end: number;
}

// Keeps the draws of the sampler apart from augmentation draws with the same (seed, step, slot).
const samplerKey = 0x5a3b1e;
const drawnKey = 0x7c19d2;

/** Clips of a pass where one label's are drawn, from the number of all others. */
export function drawnPass(others: number, share: number): number {
  return Math.floor(others / (1 - share));
}

/** Chooses clips as a pure function of (seed, step, slot): neither workers nor interruptions change it. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #total: number;
  readonly #starts: number[];
  readonly #sourceEnds: number[];
  readonly #classEnds: number[];
  /** By class, then source. */
  readonly #members: Member[][];
  /** Where a label is drawn: places among all clips of the others, and of that label. */
  readonly #drawn: { readonly others: Int32Array; readonly own: Int32Array } | undefined;

  /** @throws UsageError for no clips, wrong weights or shares, or a class with a share but no clip */
  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#starts = startsOf(options.sources);
    this.#total = options.sources.reduce((sum, source) => sum + source.labels.length, 0);
    if (this.#total === 0)
      throw new UsageError("there are no training clips to choose from; check the data set's training split");
    this.#sourceEnds = runningSum(options.sources.map(weightOf));
    this.#members = options.order === "balanced" ? membersOf(options) : [];
    this.#classEnds = options.order === "balanced" ? runningSum(classShares(options, this.#members)) : [];
    const walks = options.order === "walk" || options.order === "epochs";
    invariant(!walks || (options.batch ?? 0) > 0, "walking through the clips needs the batch size");
    this.#drawn = options.order === "epochs" && options.drawn ? dividedBy(options.drawn.label, options.sources) : undefined;
  }

  /** Clips of all sources. */
  get total(): number {
    return this.#total;
  }

  /**
   * The clip for a slot of a step.
   * @param step training step, counted from 1
   * @param slot place in the batch, counted from 0
   */
  draw(step: number, slot: number): Draw {
    const { order = "uniform", seed, sources } = this.#options;
    if (order === "walk" || order === "epochs") return this.#walk(step, slot, order === "epochs");
    const random = new RandomStream(seed, samplerKey, step, slot);
    if (order === "balanced") return this.#balanced(random);
    const source = pickFrom(this.#sourceEnds, random);
    return { source, clip: random.integer((sources[source] as SamplerSource).labels.length) };
  }

  #balanced(random: RandomStream): Draw {
    const members = this.#members[pickFrom(this.#classEnds, random)] as Member[];
    const target = random.uniform() * (members.at(-1)?.end ?? 0);
    const chosen = members.find((member) => target < member.end) ?? (members.at(-1) as Member);
    return { source: chosen.source, clip: chosen.clips[random.integer(chosen.clips.length)] };
  }

  #walk(step: number, slot: number, reshuffle: boolean): Draw {
    const { batch = 1, seed, passStarts, drawn } = this.#options;
    const size =
      this.#drawn === undefined || drawn === undefined ? this.#total : drawnPass(this.#drawn.others.length, drawn.share);
    let position = (step - 1) * batch + slot;
    let pass = Math.floor(position / size);
    if (passStarts !== undefined) {
      pass = lastAtMost(passStarts, step);
      position = (step - (passStarts[pass] as number)) * batch + slot;
    }
    const place = permute(position % size, size, seed, samplerKey, reshuffle ? pass : 0);
    return this.#at(this.#drawn === undefined ? place : this.#drawnItem(place, pass, this.#drawn));
  }

  /** Place among all clips of a place in a pass. */
  #drawnItem(place: number, pass: number, { others, own }: { others: Int32Array; own: Int32Array }): number {
    if (place < others.length) return others[place] as number;
    return own[new RandomStream(this.#options.seed, drawnKey, pass, place).integer(own.length)] as number;
  }

  /** The clip of a place among all. */
  #at(item: number): Draw {
    let source = this.#starts.length - 1;
    while (this.#starts[source] > item || (this.#options.sources[source] as SamplerSource).labels.length === 0) source--;
    return { source, clip: item - this.#starts[source] };
  }
}

function dividedBy(label: number, sources: readonly SamplerSource[]): { others: Int32Array; own: Int32Array } {
  const labels = sources.flatMap((source) => Array.from(source.labels));
  const places = (isOwn: boolean): Int32Array =>
    Int32Array.from(labels.flatMap((found, place) => ((found === label) === isOwn ? [place] : [])));
  const [others, own] = [places(false), places(true)];
  if (own.length === 0 || others.length === 0)
    throw new UsageError("a label of which clips are drawn needs training clips, and so do the others");
  return { others, own };
}

function weightOf(source: SamplerSource): number {
  const weight = source.weight ?? source.labels.length;
  if (!Number.isFinite(weight) || weight < 0)
    throw new UsageError(`a source has the weight ${weight}; weights are numbers from 0`);
  return source.labels.length === 0 ? 0 : weight;
}

function startsOf(sources: readonly SamplerSource[]): number[] {
  let sum = 0;
  return sources.map((source) => {
    const start = sum;
    sum += source.labels.length;
    return start;
  });
}

function runningSum(values: readonly number[]): number[] {
  let sum = 0;
  const ends = values.map((value) => (sum += value));
  if (!(sum > 0)) throw new UsageError("all weights are 0: nothing can be drawn; give one source or class a weight above 0");
  return ends;
}

/** Index of the first running sum above a uniform draw. */
function pickFrom(ends: readonly number[], random: RandomStream): number {
  const target = random.uniform() * (ends.at(-1) as number);
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (target < ends[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

function membersOf(options: SamplerOptions): Member[][] {
  const members = Array.from({ length: options.classes }, () => [] as Member[]);
  for (const [index, source] of options.sources.entries()) {
    const byClass = Array.from({ length: options.classes }, () => [] as number[]);
    for (let clip = 0; clip < source.labels.length; clip++) {
      const label = source.labels[clip];
      invariant(byClass[label] !== undefined, `label ${label} of ${options.classes}`);
      byClass[label].push(clip);
    }
    for (const [label, clips] of byClass.entries()) {
      // With default weights a class is drawn uniformly over its clips of all sources.
      const weight = source.weight === undefined ? clips.length : weightOf(source);
      if (clips.length === 0 || weight === 0) continue;
      const list = members[label] as Member[];
      list.push({ clips: Int32Array.from(clips), source: index, end: (list.at(-1)?.end ?? 0) + weight });
    }
  }
  return members;
}

/** Shares of the classes, summing to 1; classes without clips and without a share get none. */
function classShares(options: SamplerOptions, members: readonly unknown[][]): number[] {
  const given = options.shares ?? new Map<number, number>();
  let rest = 1;
  for (const [label, share] of given) {
    if (!(share >= 0 && share <= 1))
      throw new UsageError(`class ${label} has the share ${share}; shares are fractions from 0 to 1`);
    if (share > 0 && (members[label]?.length ?? 0) === 0)
      throw new UsageError(`class ${label} has the share ${share} but no training clip`);
    rest -= share;
  }
  if (rest < -1e-9) throw new UsageError(`the shares of the classes sum to ${1 - rest}; they may sum to 1 at most`);
  const others = members.filter((clips, label) => clips.length > 0 && !given.has(label)).length;
  return members.map((clips, label) => given.get(label) ?? (clips.length > 0 ? Math.max(0, rest) / others : 0));
}
