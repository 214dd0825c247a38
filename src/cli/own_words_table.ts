import type { OwnWordsPlan } from "../corpus/own_words.js";
import { nearDistances, type OwnWordsResult, type Tally } from "../measure/own_words.js";
import { paint, printText } from "./output.js";

const percent = (rate: number): string => `${(100 * rate).toFixed(1)} %`;

/** The table at the end of `earshot quickstart --words`. */
export async function printOwnWords(result: OwnWordsResult, plan: OwnWordsPlan, voice: string): Promise<void> {
  const { renderTable } = await import("../measure/terminal.js");
  const { testing, leftOut, validation, threshold, noise, speech } = result;
  const right = { align: "right" as const };
  const columns = [
    { title: `at the threshold ${threshold.toFixed(3)}` },
    { title: "clips", ...right },
    { title: `voice ${voice}, never heard`, ...right },
    { title: "training voices, left out", ...right },
    { title: "their settings held aside", ...right },
  ];
  const row = (what: string, one: Tally, strange: Tally, other: Tally): string[] => [
    what,
    String(one.clips),
    percent(one.rate),
    percent(strange.rate),
    percent(other.rate),
  ];
  const rows = [
    ...plan.labels.map((label, i) =>
      row(`"${plan.words[i]}" missed`, testing.words[label], leftOut.words[label], validation.words[label]),
    ),
    row("near-sounding accepted", testing.near, leftOut.near, validation.near),
    row("  those trained on, in other voices", testing.nearTrained, leftOut.nearTrained, validation.nearTrained),
    row("  those never trained on", testing.nearNew, leftOut.nearNew, validation.nearNew),
    row("  words, of both kinds", testing.nearWords, leftOut.nearWords, validation.nearWords),
    row("  made-up sounds, of both kinds", testing.nearSounds, leftOut.nearSounds, validation.nearSounds),
    ...nearDistances.map((distances, i) =>
      row(`  ${sayDistances(distances)}`, testing.nearByDistance[i], leftOut.nearByDistance[i], validation.nearByDistance[i]),
    ),
    row("other words accepted", testing.other, leftOut.other, validation.other),
  ];
  printText(`\n${renderTable(columns, rows, paint)}`);
  if (testing.worst.length > 0)
    printText(
      `most often taken for a word: ${testing.worst
        .slice(0, 5)
        .map(({ text, wrong, clips }) => `${text} (${wrong} of ${clips})`)
        .join(", ")}`,
    );
  printText(
    `false accepts an hour: ${noise.perHour.toFixed(1)} in ${(60 * noise.hours).toFixed(0)} minutes of noise, ${speech.perHour.toFixed(1)} in ${(60 * speech.hours).toFixed(0)} minutes of other speech`,
  );
}

/** Near-sounding phrases of some distance, in a row of a table. */
export function sayDistances([from, below]: readonly [from: number, below: number]): string {
  if (from === 0) return `at a phone distance below ${below}`;
  return below === Infinity ? `${from} and more` : `${from} to ${below}`;
}
