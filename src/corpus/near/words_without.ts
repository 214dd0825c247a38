import { vocabulary } from "./near_phrases.js";

/**
 * Words of the vocabulary in which no keyword sounds: neither "know" nor "nose" where "no" is one. A keyword that is not in the
 * vocabulary leaves out itself only.
 */
export function wordsWithout(keywords: readonly string[]): string[] {
  const sound = (phones: readonly string[]): string => ` ${phones.join(" ")} `;
  const heard = vocabulary().flatMap(({ text, phones }) => (keywords.includes(text) ? [sound(phones)] : []));
  return vocabulary()
    .filter(({ phones }) => !heard.some((keyword) => sound(phones).includes(keyword)))
    .map(({ text }) => text)
    .filter((text) => !keywords.includes(text));
}
