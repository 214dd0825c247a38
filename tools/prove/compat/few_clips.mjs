import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * A small copy of a data set with one folder a word: some clips of each word and the recordings of noise.
 * @param {string} data
 * @param {string} out
 * @param {number} clips of each word
 * @param {string[]} words
 */
export function fewClips(data, out, clips, words) {
  for (const word of words) {
    mkdirSync(join(out, word), { recursive: true });
    const names = readdirSync(join(data, word)).filter((name) => name.endsWith(".wav"));
    // Evenly over the sorted names, which begin with the speaker.
    for (let i = 0; i < Math.min(clips, names.length); i++) {
      const name = names[Math.floor((i * names.length) / Math.min(clips, names.length))];
      cpSync(join(data, word, name), join(out, word, name));
    }
  }
  cpSync(join(data, "_background_noise_"), join(out, "_background_noise_"), { recursive: true });
}
