import { UsageError } from "../base/errors.js";
import { RandomStream } from "../base/random.js";
import { speak } from "../signal/speech.js";
import { editedSounds } from "./near/edited_sounds.js";
import { leastDistance, nearPhrases, vocabulary } from "./near/near_phrases.js";
import type { NearPhrase, SpokenPhrase } from "./near/near_phrases.js";
import { distanceWithin, phoneDistance } from "./near/phone_distance.js";
import { checkWord, folderOf } from "./synthesize.js";
import type { OtherSpeech } from "./synthesize.js";

/**
 * A near-sounding phrase of a data set. "everywhere": in all splits; "training": trained on and not measured with; the others are met in one
 * split only and never trained on.
 */
export interface PlannedNearPhrase extends NearPhrase {
  /** The wanted word that it is near to. */
  of: string;
  role: "everywhere" | "training" | "validation" | "testing";
  /** Folder of its clips. */
  folder: string;
}

/** What is synthesised to train and measure a spotter of somebody's own words. */
export interface OwnWordsPlan {
  /** As spoken. */
  words: readonly string[];
  /** Their labels, which are the names of their folders. */
  labels: readonly string[];
  /** Their phones, with blanks between. */
  phones: readonly string[];
  /** Length of a clip that every speaker's words fit into, seconds. */
  clipSeconds: number;
  near: readonly PlannedNearPhrase[];
  /** Near-sounding phrases, other words and other phrases, with their numbers of clips. */
  others: readonly OtherSpeech[];
}

/** Near-sounding phrases for all wanted words together, and the limits for one. */
const nearInAll = 144;
const nearLimits = [8, 72] as const;
/** The same for edited ones, which are trained on only. */
const editedInAll = 240;
const editedLimits = [8, 120] as const;
/** Share of the near-sounding phrases that are only in the validation, and of those that are only in the testing. */
const newShare = 0.2;
/** Texts that are like none of the words, by the split in which they are met. */
const otherTexts = { everywhere: 70, validation: 20, testing: 30 };
/** As near as this another phrase is a near-sounding one. */
const nearOthers = 3;
const mostWords = 20;

/** Clips of each word for which the numbers of this file are meant; of fewer, there are fewer of everything. */
const usualPerWord = 300;

/** How much of everything there is where each word has so many clips, up to 1. */
export function scaleOf(perWord: number): number {
  return Math.min(1, perWord / usualPerWord);
}

/**
 * Plans the negatives that matter for some words, and the length of a clip.
 * @param given words or phrases in English
 * @param perWord clips of each word
 * @throws UsageError for no or too many words or two that sound the same, UserError for what cannot be spoken
 */
export async function planOwnWords(given: readonly string[], perWord: number, seed: number): Promise<OwnWordsPlan> {
  const scale = scaleOf(perWord);
  const words = given.map((word) => word.trim().toLowerCase().replace(/\s+/g, " "));
  if (words.length === 0 || words.length > mostWords || words.includes(""))
    throw new UsageError(
      `--words names ${words.length} words; name 1 to ${mostWords}, with single commas: "hey robin,lights off"`,
    );
  for (const word of words) checkWord(word);
  const spoken = await Promise.all(words.map(spokenPhrase));
  checkDifferent(spoken);
  const each = (inAll: number, [least, most]: readonly [number, number]): number =>
    Math.max(least, Math.min(most, Math.round((scale * inAll) / words.length)));
  const count = each(nearInAll, nearLimits);
  const measured = distinct(spoken.flatMap((phrase) => withRoles(nearPhrases(phrase, count, spoken, seed), phrase.text, seed)));
  const edited = spoken.flatMap((phrase) => editedOf(phrase, each(editedInAll, editedLimits), spoken, measured, seed));
  const near = distinct([...edited, ...measured]);
  return {
    words,
    labels: words.map(folderOf),
    phones: spoken.map((phrase) => phrase.phones.flat().join(" ")),
    clipSeconds: clipSecondsFor(Math.max(...spoken.map(({ seconds }) => seconds))),
    near,
    others: [...nearGroups(near, scale), ...otherGroups(spoken, scale, seed)],
  };
}

interface Spoken extends SpokenPhrase {
  /** From the first phone's begin to the last one's end. */
  seconds: number;
}

async function spokenPhrase(text: string): Promise<Spoken> {
  const phones: string[][] = [];
  for (const word of text.split(" ")) phones.push((await speak(word, { voice: "slt" })).phones);
  const { times } = await speak(text, { voice: "slt" });
  return { text, phones, seconds: times[times.length - 1][1] - times[0][0] };
}

function checkDifferent(spoken: readonly Spoken[]): void {
  for (const [i, one] of spoken.entries())
    for (const other of spoken.slice(0, i))
      if (phoneDistance(one.phones.flat(), other.phones.flat()) < leastDistance / 2)
        throw new UsageError(`'${other.text}' and '${one.text}' sound the same; leave one out`);
}

/** Room for a slow speaker and for the word to lie anywhere; what is longer still is said faster. In tenths of a second. */
function clipSecondsFor(seconds: number): number {
  return Math.min(10, Math.max(1, Math.ceil(10 * (1.3 * seconds + 0.15)) / 10));
}

/** Gives every kind its part of the phrases that are never trained on. */
function withRoles(phrases: readonly NearPhrase[], of: string, seed: number): PlannedNearPhrase[] {
  const random = new RandomStream(seed, 0x726f6c65);
  const shuffled = random.shuffle(phrases).toSorted((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0));
  const every = Math.round(1 / newShare);
  return shuffled.map((near, i) => {
    const role = i % every === 1 ? "validation" : i % every === 3 ? "testing" : "everywhere";
    return { ...near, of, role, folder: folderOf(near.text) };
  });
}

/** Nothing that is never trained on may be trained on as sounds. */
function editedOf(
  phrase: Spoken,
  count: number,
  keywords: readonly Spoken[],
  measured: readonly PlannedNearPhrase[],
  seed: number,
): PlannedNearPhrase[] {
  const heldBack = measured.filter(({ role }) => role !== "everywhere").map(({ phones }) => phones);
  const edited = editedSounds(phrase, count, keywords, heldBack, seed);
  return edited.map((near) => ({ ...near, of: phrase.text, role: "training", folder: folderOf(near.text) }));
}

/** The last of each name. */
function distinct(near: readonly PlannedNearPhrase[]): PlannedNearPhrase[] {
  return [...new Map(near.map((one) => [one.folder, one])).values()];
}

const nearClips: Record<PlannedNearPhrase["role"], OtherSpeech["clips"]> = {
  everywhere: { training: 14, validation: 3, testing: 4 },
  validation: { training: 0, validation: 6, testing: 0 },
  testing: { training: 0, validation: 0, testing: 8 },
  training: { training: 6, validation: 0, testing: 0 },
};

function scaled(clips: OtherSpeech["clips"], scale: number): OtherSpeech["clips"] {
  const times = (count: number): number => Math.ceil(count * scale);
  return { training: times(clips.training), validation: times(clips.validation), testing: times(clips.testing) };
}

function nearGroups(near: readonly PlannedNearPhrase[], scale: number): OtherSpeech[] {
  return (Object.keys(nearClips) as PlannedNearPhrase["role"][]).flatMap((role) =>
    [false, true].map((phones) => ({
      words: near.filter((one) => one.role === role && (one.kind === "sounds") === phones).map(({ text }) => text),
      clips: scaled(nearClips[role], scale),
      phones,
    })),
  );
}

/** Far from a phrase, and without it: "computer chair" is no other phrase where "computer" is wanted. */
function isOther(phones: readonly string[], phrase: readonly string[]): boolean {
  return phoneDistance(phones, phrase) > nearOthers && distanceWithin(phones, phrase) >= leastDistance;
}

/** Random words and phrases of about as many words as the wanted ones. */
function otherGroups(spoken: readonly Spoken[], scale: number, seed: number): OtherSpeech[] {
  const random = new RandomStream(seed, 0x6f746872);
  const lengths = spoken.map(({ phones }) => phones.length);
  const draw = (count: number): string[] => {
    const texts = new Set<string>();
    for (let attempt = 0; texts.size < count && attempt < 100 * count; attempt++) {
      const words = Array.from({ length: random.integer(Math.max(...lengths) + 1) + 1 }, () => random.pick(vocabulary()));
      const phones = words.flatMap((word) => word.phones);
      if (spoken.every((phrase) => isOther(phones, phrase.phones.flat()))) texts.add(words.map((word) => word.text).join(" "));
    }
    return [...texts];
  };
  return [
    { words: draw(Math.ceil(scale * otherTexts.everywhere)), clips: { training: 4, validation: 1, testing: 2 } },
    { words: draw(Math.ceil(scale * otherTexts.validation)), clips: { training: 0, validation: 4, testing: 0 } },
    { words: draw(Math.ceil(scale * otherTexts.testing)), clips: { training: 0, validation: 0, testing: 4 } },
  ];
}
