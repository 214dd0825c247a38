import { invariant, UsageError } from "../base/errors.js";
import { RandomStream } from "../base/random.js";
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

/** Chooses clips as a pure function of (seed, step, slot): neither workers nor interruptions change it. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #total: number;
  readonly #starts: number[];
  readonly #sourceEnds: number[];
  readonly #classEnds: number[];
  /** By class, then source. */
  readonly #members: Member[][];

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
    const position = (step - 1) * (this.#options.batch as number) + slot;
    const pass = reshuffle ? Math.floor(position / this.#total) : 0;
    const item = permute(position % this.#total, this.#total, this.#options.seed, samplerKey, pass);
    let source = this.#starts.length - 1;
    while (this.#starts[source] > item || (this.#options.sources[source] as SamplerSource).labels.length === 0) source--;
    return { source, clip: item - this.#starts[source] };
  }
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
