import { hashText, RandomStream } from "../../base/random.js";
import { type NearPhrase, leastDistance, type SpokenPhrase } from "./near_phrases.js";
import { distanceWithin, isVowel, phoneDistance, phonesNear } from "./phone_distance.js";
import { pronunciations } from "./pronunciations.js";
import { isSayable } from "./sayable.js";

/** Further off than this a beginning or an end of a phrase is nothing that could be taken for it. */
const mostDistance = 4;
const leastPhones = 3;
/** Nearer than this two sequences are the same thing said by two people. */
const sameSound = leastDistance / 2;
/** Share that is cut off at an end, before it is edited: who stops after "hey rob" has not said "hey robin". */
const cutShare = 0.35;
const mostCut = 3;
/** Of what is cut off, at the end rather than the beginning. */
const cutEndShare = 0.7;
/** Shares of the edits: another phone of the same kind, one less; the others are one more. */
const exchangeShare = 0.6;
const dropShare = 0.2;
/** Least difference of a phone from the one that it stands for, and how many of the nearest are drawn from. */
const leastExchange = 0.2;
const exchanges = 10;

let phoneSet: readonly string[] | undefined;

/** Phones that words have. */
function phonesOfWords(): readonly string[] {
  phoneSet ??= [...new Set(pronunciations.flatMap((line) => line.split(",").flatMap((entry) => entry.split("=")[1].split(" "))))];
  return phoneSet;
}

/**
 * Sounds that are no words: a phrase cut short, or with phones exchanged, dropped or added. A spotter that has heard many of them attends to
 * every phone of the phrase, and not to what tells it from some words.
 * @param keywords phrases that none has in it
 * @param heldBack sequences of phones that none sounds like
 * @returns at most `count`; fewer where the phrase has few phones
 */
export function editedSounds(
  phrase: SpokenPhrase,
  count: number,
  keywords: readonly SpokenPhrase[],
  heldBack: readonly (readonly string[])[],
  seed: number,
): NearPhrase[] {
  const own = phrase.phones.flat();
  const forbidden = keywords.map(({ phones }) => phones.flat());
  const random = new RandomStream(seed, hashText(phrase.text), 0x65646974);
  const found = new Map<string, NearPhrase>();
  for (let attempt = 0; found.size < count && attempt < 100 * count; attempt++) {
    const phones = edited(own, random);
    if (phones.length < leastPhones || !phones.some(isVowel) || !isSayable(phones)) continue;
    const distance = phoneDistance(phones, own);
    if (distance > mostDistance || forbidden.some((keyword) => distanceWithin(phones, keyword) < leastDistance)) continue;
    if (heldBack.some((other) => phoneDistance(phones, other) < sameSound)) continue;
    const text = phones.join(" ");
    found.set(text, { text, phones, distance, kind: "sounds" });
  }
  return [...found.values()];
}

function edited(own: readonly string[], random: RandomStream): string[] {
  const cut = random.uniform() < cutShare;
  const phones = cut ? cutShort(own, random) : own.slice();
  for (let edits = cut ? random.integer(2) : 1 + random.integer(2); edits > 0 && phones.length > 0; edits--) edit(phones, random);
  return phones;
}

function cutShort(own: readonly string[], random: RandomStream): string[] {
  const length = 1 + random.integer(mostCut);
  return random.uniform() < cutEndShare ? own.slice(0, -length) : own.slice(length);
}

function edit(phones: string[], random: RandomStream): void {
  const place = random.integer(phones.length);
  const kind = random.uniform();
  if (kind < exchangeShare) {
    const others = phonesNear(phones[place], leastExchange, 1).slice(0, exchanges);
    if (others.length > 0) phones[place] = random.pick(others);
  } else if (kind < exchangeShare + dropShare) phones.splice(place, 1);
  else phones.splice(place + random.integer(2), 0, random.pick(phonesOfWords()));
}
