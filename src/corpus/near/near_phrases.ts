import { hashText, RandomStream } from "../../base/random.js";
import { distanceWithin, phoneDistance, phonesNear } from "./phone_distance.js";
import { isSayable } from "./sayable.js";
import { pronunciations } from "./pronunciations.js";

/** Something that could be taken for a phrase. */
export interface NearPhrase {
  /** Words, or phones with blanks between where `kind` is "sounds". */
  text: string;
  phones: readonly string[];
  /** Weighted edits to the phrase; see phone_distance.ts. */
  distance: number;
  /** "words": other words of like sound; "part": some of its words, or its words in another order; "sounds": no words, a phone or two other. */
  kind: "words" | "part" | "sounds";
}

/** A word or phrase with its phones, word by word. */
export interface SpokenPhrase {
  text: string;
  /** Shape [words][phones]. */
  phones: readonly (readonly string[])[];
}

/** Nearer than this is an accent, not another word. */
export const leastDistance = 1;
/** Further than this nothing is confused, but for parts of the phrase. */
const mostDistance = 3;
/** Share of the phrases of words that are the nearest there are; the others spread over the distances up to the largest. */
const nearestShare = 0.5;
/** Least cost of each phone that is exchanged where no words are looked for. */
const leastExchange = 0.4;
/** Vocabulary words that are tried for each stretch of a phrase. */
const tried = 10;
/** Times that one word may be used for one phrase. */
const mostUses = 2;

interface Word {
  text: string;
  phones: readonly string[];
}

let words: readonly Word[] | undefined;

/** The words that near-sounding phrases are made of. */
export function vocabulary(): readonly Word[] {
  words ??= pronunciations
    .flatMap((line) => line.split(","))
    .map((entry) => {
      const [text, phones] = entry.split("=");
      return { text, phones: phones.split(" ") };
    });
  return words;
}

/**
 * Phrases that sound like a phrase and are another one, nearest first: "hey robert", "a robin", "hay rubbing" for "hey robin". None has the
 * phrase in it: who says "to computer" has said "computer".
 * @param count of all kinds together; all parts of the phrase are among them
 * @param keywords phrases that must not be taken for: nothing is given that has one of them in it, or what is as near to it as an accent
 * @param seed of the sounds that are no words
 */
export function nearPhrases(phrase: SpokenPhrase, count: number, keywords: readonly SpokenPhrase[], seed: number): NearPhrase[] {
  const forbidden = keywords.map(({ phones }) => phones.flat());
  const allowed = (near: NearPhrase): boolean =>
    forbidden.every((phones) => distanceWithin(near.phones, phones) >= leastDistance);
  const parts = distinct(partsOf(phrase).filter(allowed)).slice(0, Math.ceil(count / 3));
  const sounds = distinct(soundsLike(phrase, seed).filter(allowed)).slice(0, Math.ceil((count - parts.length) / 3));
  const taken = new Set(parts.map(({ text }) => text));
  const candidates = distinct([...replacements(phrase), ...splits(phrase)]).filter(
    (near) => !taken.has(near.text) && allowed(near),
  );
  return [...parts, ...varied(candidates, phrase, count - parts.length - sounds.length), ...sounds];
}

function nearPhrase(phrase: SpokenPhrase, own: readonly Word[], kind: NearPhrase["kind"]): NearPhrase {
  const phones = own.flatMap((word) => word.phones);
  return { text: own.map((word) => word.text).join(" "), phones, distance: phoneDistance(phones, phrase.phones.flat()), kind };
}

function wordsOf({ text, phones }: SpokenPhrase): Word[] {
  return text.split(" ").map((word, i) => ({ text: word, phones: phones[i] }));
}

/** Some of the words of a phrase, in their order, and all of them with two exchanged. */
function partsOf(phrase: SpokenPhrase): NearPhrase[] {
  const own = wordsOf(phrase);
  const parts: Word[][] = [];
  for (let length = own.length - 1; length >= 1; length--)
    for (let first = 0; first + length <= own.length; first++) parts.push(own.slice(first, first + length));
  for (let i = 0; i + 1 < own.length; i++) parts.push([...own.slice(0, i), own[i + 1], own[i], ...own.slice(i + 2)]);
  return parts.map((part) => nearPhrase(phrase, part, "part"));
}

/** Stretches of whole words, replaced by one word of the vocabulary each. */
function replacements(phrase: SpokenPhrase): NearPhrase[] {
  const own = wordsOf(phrase);
  const found: NearPhrase[] = [];
  for (let first = 0; first < own.length; first++) {
    for (let end = first + 1; end <= own.length; end++) {
      const wanted = own.slice(first, end).flatMap((word) => word.phones);
      const others = nearestWords(wanted, 2 * tried);
      found.push(...others.map((word) => nearPhrase(phrase, [...own.slice(0, first), word, ...own.slice(end)], "words")));
    }
  }
  return found;
}

/** Two words of the vocabulary whose border lies anywhere among the phones: "light soft" for "lights off". */
function splits(phrase: SpokenPhrase): NearPhrase[] {
  const phones = phrase.phones.flat();
  const found: NearPhrase[] = [];
  for (let border = 1; border < phones.length; border++) {
    const before = nearestWords(phones.slice(0, border), tried);
    const behind = nearestWords(phones.slice(border), tried);
    for (const word of before) found.push(...behind.map((other) => nearPhrase(phrase, [word, other], "words")));
  }
  return found;
}

/** Words of the vocabulary nearest to phones. */
function nearestWords(phones: readonly string[], count: number): Word[] {
  return vocabulary()
    .filter((word) => Math.abs(word.phones.length - phones.length) <= 2)
    .map((word) => ({ word, distance: phoneDistance(word.phones, phones) }))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ word }) => word);
}

/** The phones with two exchanged for others of their kind, each place in turn: what no list of words has. */
function soundsLike(phrase: SpokenPhrase, seed: number): NearPhrase[] {
  const phones = phrase.phones.flat();
  const random = new RandomStream(seed, hashText(phrase.text), 0x6e656172);
  const found: NearPhrase[] = [];
  for (const place of Array.from({ length: 3 }, () => random.shuffle([...phones.keys()])).flat()) {
    const changed = phones.slice();
    for (const at of new Set([place, random.integer(phones.length)])) {
      const others = phonesNear(phones[at], leastExchange, 1).slice(0, 8);
      if (others.length > 0) changed[at] = random.pick(others);
    }
    if (!isSayable(changed)) continue;
    found.push({ text: changed.join(" "), phones: changed, distance: phoneDistance(changed, phones), kind: "sounds" });
  }
  return found;
}

function distinct(phrases: readonly NearPhrase[]): NearPhrase[] {
  return [...new Map(phrases.map((near) => [near.text, near])).values()];
}

/** The nearest and some that are further off; none sounds like another one, and no word that is not the phrase's own is used too often. */
function varied(candidates: readonly NearPhrase[], phrase: SpokenPhrase, count: number): NearPhrase[] {
  const own = new Set(phrase.text.split(" "));
  const uses = new Map<string, number>();
  const sounds = new Set<string>();
  const usable = (near: NearPhrase): boolean => {
    const foreign = near.text.split(" ").filter((word) => !own.has(word));
    const sound = near.phones.join(" ");
    if (sounds.has(sound) || foreign.some((word) => (uses.get(word) ?? 0) >= mostUses)) return false;
    for (const word of foreign) uses.set(word, (uses.get(word) ?? 0) + 1);
    sounds.add(sound);
    return true;
  };
  const sorted = candidates
    .filter(({ distance }) => distance <= mostDistance)
    .toSorted((a, b) => a.distance - b.distance || (a.text < b.text ? -1 : 1));
  const rest = sorted.filter(usable);
  const chosen = rest.splice(0, Math.ceil(nearestShare * count));
  const wanted = Math.min(rest.length, count - chosen.length);
  for (let i = 0; i < wanted; i++) chosen.push(rest[Math.floor(((i + 0.5) * rest.length) / wanted)]);
  return chosen;
}
