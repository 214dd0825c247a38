import { RandomStream } from "../base/random.js";
import { drawJunction, type Junction } from "../corpus/augment/junction.js";
import type { LoaderPlan } from "./loader_plan.js";

// Keeps these draws apart from those of the other stages.
const junctionKey = 0x101e75;

/** Decides which examples of unknown words are made of two recordings (`augmentation.junctions`), and of which. */
export class Junctions {
  readonly #plan: LoaderPlan;
  /** By source: what has speech in it. */
  readonly #candidates: readonly { places: Int32Array; labels: Int32Array }[];

  constructor(plan: LoaderPlan) {
    this.#plan = plan;
    this.#candidates = plan.sources.map((set) => {
      const places = Int32Array.from(set.labels.keys()).filter((place) => set.labels[place] !== plan.silence);
      return { places, labels: places.map((place) => set.labels[place]!) };
    });
  }

  /** The junction for a slot, its partner as a place in the source; none where the example stays as it is. */
  draw(step: number, slot: number, source: number, label: number): Junction | undefined {
    const { seed, unknown, augmentation } = this.#plan;
    if (label !== unknown || augmentation.junctions === 0) return undefined;
    const random = new RandomStream(seed, junctionKey, step, slot);
    if (random.uniform() >= augmentation.junctions) return undefined;
    const { places, labels } = this.#candidates[source]!;
    const junction = drawJunction(labels, (other) => other !== unknown, random);
    return { ...junction, partner: places[junction.partner]! };
  }
}
