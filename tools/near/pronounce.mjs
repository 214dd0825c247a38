// Writes src/corpus/near/pronunciations.ts: the phones of common English words as the speech engine says them.
//   npm run build && node tools/near/pronounce.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { speak } from "../../dist/signal/speech.js";

const words = [
  ...new Set(
    readFileSync(new URL("words.txt", import.meta.url), "utf8")
      .split(/\s+/)
      .filter(Boolean),
  ),
].toSorted();
const lines = [];
let line = "";
for (const word of words) {
  const { phones } = await speak(word, { voice: "kal" });
  const entry = `${word}=${phones.join(" ")}`;
  if (line.length + entry.length > 118) {
    lines.push(line);
    line = "";
  }
  line += line === "" ? entry : `,${entry}`;
}
lines.push(line);
writeFileSync(
  new URL("../../src/corpus/near/pronunciations.ts", import.meta.url),
  `// Made by tools/near/pronounce.mjs from tools/near/words.txt; do not change by hand.

/** Common English words with their phones (CMU set, as Flite says them): "word=phone phone ...", with commas. */
export const pronunciations: readonly string[] = [
${lines.map((text) => `  ${JSON.stringify(text)},`).join("\n")}
];
`,
);
console.log(`${words.length} words`);
