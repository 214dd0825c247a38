// Trains a spotter for each of several phrases with `earshot quickstart --words` and measures it on what training never had: another
// voice, near-sounding phrases, noise, and, where DATA is given, noise and speech of real recordings.
//   npm run prove:own-words -- [DATA] [--phrases "hey robin;lights off;good evening"] [--seed 0] [--per-word n] [--steps n] [--target wasm]
//     [--hold-out awb] [--people testing] [--out results/own_words_people.txt]
// Phrases of one spotter stand with commas, spotters with semicolons. DATA holds noise/, speech/ and speech_commands/ as ../shared/data/unpack
// leaves them: spotters of words of speech_commands are tried on its people, too, in the part that --people names.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { listSounds } from "../../dist/corpus/scan.js";
import { countFalseAccepts } from "../../dist/measure/false_accepts.js";
import { sayDistances } from "../../dist/cli/own_words_table.js";
import { figuresAt, nearDistances, scoreOwnWords } from "../../dist/measure/own_words.js";
import { openSpotter } from "../../dist/measure/spotter.js";
import { readSound } from "../../dist/signal/decode.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    phrases: { type: "string", default: "hey robin;lights off;good evening" },
    seed: { type: "string", default: "0" },
    "per-word": { type: "string" },
    steps: { type: "string" },
    target: { type: "string", default: "wasm" },
    "hold-out": { type: "string" },
    people: { type: "string", default: "testing" },
    out: { type: "string", default: "results/own_words_people.txt" },
  },
});
const [data] = positionals;
const work = mkdtempSync(join(tmpdir(), "earshot-own-words-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

async function* recordings(folder) {
  for (const file of listSounds(folder))
    yield { name: file, samples: (await readSound(join(folder, file), { rate: 16_000 })).samples };
}

/** All of a folder, one recording after another. */
async function realAccepts(model, threshold, folder) {
  const spotter = await openSpotter(model);
  let [hours, count] = [0, 0];
  try {
    for await (const recording of recordings(folder)) {
      const found = await countFalseAccepts(spotter, [recording], threshold, 0.2);
      hours += found.hours;
      count += found.count;
    }
  } finally {
    spotter.close();
  }
  return { hours, count, perHour: count / hours };
}

/** What people are heard as, where all the words are among theirs. */
async function people(model, threshold, labels, folder) {
  if (!labels.every((label) => existsSync(join(folder, label)))) return null;
  const spotter = await openSpotter(model);
  const scores = await scoreOwnWords(spotter, folder, values.people).finally(() => spotter.close());
  const figures = figuresAt(scores, [], threshold);
  const rates = labels.map((label) => equalError(scores, label));
  return { figures, equalError: rates.reduce((sum, rate) => sum + rate, 0) / rates.length };
}

/** The least rate that both the misses of a word and what is accepted of all that is no keyword can have. */
function equalError({ labels, clips, probabilities }, label) {
  const column = labels.indexOf(label);
  const of = (wanted) =>
    clips.flatMap((clip, row) => (clip.label === wanted ? [probabilities[row * labels.length + column]] : []));
  const [own, others] = [of(label), of("_unknown_")];
  const share = (list, condition) => list.filter(condition).length / list.length;
  return Math.min(
    ...own.map((at) =>
      Math.max(
        share(own, (p) => p < at),
        share(others, (p) => p >= at),
      ),
    ),
  );
}

const percent = ({ rate, clips }) => `${(100 * rate).toFixed(1)} % of ${clips}`;
const perHour = ({ perHour: count, hours }) => `${count.toFixed(1)} (${(60 * hours).toFixed(0)} min)`;
/** What has been measured so far. */
function report(rows) {
  const lines = [
    `${new Date().toISOString().slice(0, 10)}, commit ${execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim()}, ${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}`,
    `npm run prove:own-words --${data ? " DATA" : ""} ${process.argv
      .slice(2)
      .filter((argument) => argument !== data)
      .map((argument) => (/[ ;]/.test(argument) ? `"${argument}"` : argument))
      .join(" ")}`.trimEnd(),
    "",
    "Each spotter is trained by `earshot quickstart --words` on synthetic speech. Each word's logit is moved so that the one threshold lies halfway between",
    `the mean of the word's best ones for each training voice, heard by a model trained without it ("left out"), and that for settings of the training voices held aside ("aside"). Testing is on the voice ${rows[0].result.heldOutVoice}, which no training had. "never trained on": near-sounding phrases of which training had no clip.`,
  ];
  for (const { words, result, real, heard } of rows) {
    const { validation, leftOut, testing } = result;
    const line = (what, one, strange, other) =>
      `  ${what.padEnd(32)}${one.padStart(18)}${strange.padStart(18)}${other.padStart(18)}`;
    lines.push(
      "",
      `"${words.replaceAll(",", '", "')}": ${result.seconds.toFixed(0)} s in all (${result.cpuSeconds.toFixed(0)} s of CPU on ${cpus().length} cores) on ${result.target}, clips of ${result.clipSeconds} s, threshold ${result.threshold.toFixed(3)}`,
      line("", "held-out voice", "left out", "aside"),
      line("missed", percent(testing.missed), percent(leftOut.missed), percent(validation.missed)),
      line("near-sounding accepted", percent(testing.near), percent(leftOut.near), percent(validation.near)),
      line(
        "  trained on in other voices",
        percent(testing.nearTrained),
        percent(leftOut.nearTrained),
        percent(validation.nearTrained),
      ),
      line("  never trained on", percent(testing.nearNew), percent(leftOut.nearNew), percent(validation.nearNew)),
      line("  words, of both kinds", percent(testing.nearWords), percent(leftOut.nearWords), percent(validation.nearWords)),
      line("  made-up sounds, of both", percent(testing.nearSounds), percent(leftOut.nearSounds), percent(validation.nearSounds)),
      ...nearDistances.map((distances, i) =>
        line(
          `  ${sayDistances(distances)}`,
          percent(testing.nearByDistance[i]),
          percent(leftOut.nearByDistance[i]),
          percent(validation.nearByDistance[i]),
        ),
      ),
      line("other words accepted", percent(testing.other), percent(leftOut.other), percent(validation.other)),
      `  false accepts an hour: synthetic noise ${perHour(result.noise)}, other speech of the held-out voice ${perHour(result.speech)}`,
    );
    if (real) lines.push(`  in real recordings: ESC-10 ${perHour(real.noise)}, LibriSpeech ${perHour(real.speech)}`);
    if (heard)
      lines.push(
        `  people of Speech Commands, ${values.people}: missed ${percent(heard.figures.missed)} (${Object.entries(
          heard.figures.words,
        )
          .map(([word, tally]) => `${word} ${percent(tally)}`)
          .join(
            ", ",
          )}), other words accepted ${percent(heard.figures.other)}; mean equal error ${(100 * heard.equalError).toFixed(1)} %`,
      );
    const texts = result.near
      .filter(({ kind }) => kind === "words")
      .toSorted((a, b) => a.distance - b.distance)
      .slice(0, 8);
    lines.push(`  nearest phrases: ${texts.map(({ text, distance }) => `${text} (${distance.toFixed(2)})`).join(", ")}`);
    if (testing.worst.length > 0)
      lines.push(
        `  most often accepted: ${testing.worst.map(({ text, wrong, clips }) => `${text} (${wrong} of ${clips})`).join(", ")}`,
      );
  }
  return `${lines.join("\n")}\n`;
}

mkdirSync(dirname(values.out), { recursive: true });
const rows = [];
for (const [i, words] of values.phrases.split(";").entries()) {
  const settings = ["--seed", values.seed, "--target", values.target];
  for (const name of ["per-word", "steps", "hold-out"]) if (values[name]) settings.push(`--${name}`, values[name]);
  const args = ["dist/cli/main.js", "quickstart", "--words", words, "--out", join(work, String(i)), ...settings, "--json"];
  const env = values.target === "wasm" ? { ...process.env, EARSHOT_CC: "none" } : process.env;
  const result = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", env, maxBuffer: 1 << 28 }));
  const real = data
    ? {
        noise: await realAccepts(result.model, result.threshold, join(data, "noise", "esc10")),
        speech: await realAccepts(result.model, result.threshold, join(data, "speech", "librispeech")),
      }
    : null;
  const heard = data ? await people(result.model, result.threshold, result.labels, join(data, "speech_commands")) : null;
  rows.push({ words, result, real, heard });
  console.error(`${words}: ${result.seconds.toFixed(0)} s`);
  // Spotters take minutes each: what is measured is kept.
  writeFileSync(values.out, report(rows));
}
console.log(report(rows));
