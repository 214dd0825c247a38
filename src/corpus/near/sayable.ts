import { isVowel } from "./phone_distance.js";

/** Only before a vowel in English; "hh y" as in "huge". */
const onglides = new Set(["hh", "w", "y"]);

/**
 * Whether phones can follow each other in English: voices made of pairs of phones (Flite's kal) have no others. hh, w and y come before vowels,
 * ng behind them, but not behind er.
 */
export function isSayable(phones: readonly string[]): boolean {
  return phones.slice(1).every((phone, i) => {
    const before = phones[i] as string;
    if (onglides.has(before) && !isVowel(phone)) return before === "hh" && phone === "y";
    return phone !== "ng" || (isVowel(before) && before !== "er");
  });
}
