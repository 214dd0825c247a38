import type { RandomStream } from "../../base/random.js";

/** Where a clip is made of the end of one recording and the beginning of another. */
export interface Junction {
  /** Place of the second recording among the candidates. */
  readonly partner: number;
  /** Whether the partner comes first. */
  readonly partnerFirst: boolean;
  /** Share of the clip that is missing at the first one's beginning, and that the second one's beginning takes. */
  readonly cut: number;
}

/** Most of a keyword that may be heard in a clip that has no keyword. */
const mostOfKeyword = 0.5;
const cuts = [0.2, 0.8] as const;

/**
 * Running speech out of single words: what a detector hears between two words, and of a keyword no more than a half.
 * @param labels label indices of the candidates
 * @param isKeyword whether a label is a word that is listened for
 */
export function drawJunction(labels: ArrayLike<number>, isKeyword: (label: number) => boolean, random: RandomStream): Junction {
  const partner = random.integer(labels.length);
  const partnerFirst = random.uniform() < 0.5;
  const keyword = isKeyword(labels[partner] as number);
  const low = keyword && partnerFirst ? 1 - mostOfKeyword : cuts[0];
  const high = keyword && !partnerFirst ? mostOfKeyword : cuts[1];
  return { partner, partnerFirst, cut: random.between(low, high) };
}

/**
 * Joins two maps in time.
 * @param own shape [frames, width]; becomes the joined map
 * @param partner shape [frames, width]
 */
export function join(
  own: Float32Array,
  partner: Float32Array,
  width: number,
  { partnerFirst, cut }: Omit<Junction, "partner">,
): void {
  const frames = own.length / width;
  const at = Math.round(cut * frames) * width;
  if (partnerFirst) {
    own.copyWithin(own.length - at, 0, at);
    own.set(partner.subarray(at), 0);
  } else {
    own.copyWithin(0, at);
    own.set(partner.subarray(0, at), own.length - at);
  }
}
