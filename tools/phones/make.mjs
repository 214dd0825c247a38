// Trains the two bodies that own words start from, models/phones.safetensors: they name phones, and hear differently.
//   npm run make:phones -- DATA OUT [--utterances 6000] [--accents 8000] [--steps 9000] [--first-steps 1500] [--per-word 900] [--minutes 7] [--threads 2]
// DATA holds features/ and speech_commands/ as ../shared/data/unpack leaves them: people saying the 35 words of Speech Commands, of which
// the training part is taken. Their phones are found by a first model, which has heard synthetic speech alone. The voices awb and rms are
// in neither. espeak-ng's accents (Debian's libespeak-ng-dev) are a third kind of speech. After the minutes it stops; called again, it goes on, with the same result as in one go.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseRecipe } from "../../dist/train/recipe.js";
import { bodyPhones } from "../../dist/zoo/blocks/phrase_paths.js";
import { publishedRecipe } from "../../dist/zoo/recipes/index.js";
import { alignArchive, alignClips } from "./align.mjs";
import { measureBody, trainBody } from "./body.mjs";
import { joined, ship } from "./ship.mjs";
import { espeakVoices } from "./espeak.mjs";
import { speakPhones } from "./speak.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    utterances: { type: "string", default: "6000" },
    accents: { type: "string", default: "8000" },
    steps: { type: "string", default: "9000" },
    "first-steps": { type: "string", default: "1500" },
    "per-word": { type: "string", default: "900" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "600" },
    threads: { type: "string", default: "2" },
  },
});
const [data, out] = positionals;
const seed = Number(values.seed);
const ends = performance.now() + 60_000 * Number(values.minutes);
const voices = ["slt", "kal16", "slt", "kal"];

/** What a voice says that the bodies have not heard. */
const strangerUtterances = 150;
const strangerSeed = 77;

const minutesLeft = () => (ends - performance.now()) / 60_000;

/** One stage; what is there already is not made again. */
async function stage(name, make) {
  const folder = join(out, name);
  if (existsSync(folder)) return folder;
  if (minutesLeft() < 0) stop();
  const started = performance.now();
  mkdirSync(out, { recursive: true });
  rmSync(`${folder}.new`, { recursive: true, force: true });
  const made = await make(`${folder}.new`);
  renameSync(`${folder}.new`, folder);
  console.error(
    `${name}: ${((performance.now() - started) / 1000).toFixed(0)} s${made === undefined ? "" : `, ${made} seconds`}`,
  );
  return folder;
}

function stop() {
  console.error("the time is up; the same command goes on");
  process.exit(0);
}

/** Two bodies, since together they are right more often than either. */
const bodies = [
  { name: "plain", hears: "plain", filters: 96, seed, accent: 0 },
  { name: "levelled", hears: "levelled", filters: 56, seed: seed + 1, accent: 0.7 },
];

function recipeOf(steps, { hears, filters, seed } = bodies[0]) {
  const { model, ...rest } = publishedRecipe("phone_net");
  const options = { ...model.options, filters: [filters], bodies: [hears] };
  const published = { ...rest, model: { ...model, options }, task: { words: [...bodyPhones], silence: false, unknown: false } };
  return parseRecipe({ ...published, data: [{ kind: "archive", path: "FRAMES" }], steps, seed }, "make:phones");
}

async function bodyStage(name, recipe, sources) {
  return {
    recipe,
    parameters:
      (await trainBody(join(out, name), recipe, { sources, minutes: minutesLeft(), threads: Number(values.threads) })) ?? stop(),
  };
}

const speech = await stage("speech", (folder) => speakPhones(folder, { count: Number(values.utterances), seed, voices }));
const synthetic = { folder: speech, share: 1 };
const accents = await stage("accents", (folder) =>
  speakPhones(folder, { count: Number(values.accents), seed: seed + 2, voices: espeakVoices }),
);
const first = await bodyStage("first", recipeOf(Number(values["first-steps"])), [synthetic]);
const archived = await stage("archived", (folder) =>
  alignArchive(folder, { archive: join(data, "features"), body: first, perWord: Number(values["per-word"]), seed }),
);
const clips = await stage("clips", (folder) => alignClips(folder, { clips: join(data, "speech_commands"), body: first, seed }));
const sources = [
  { name: "slt and kal, left out of training", ...synthetic },
  { name: "accents, left out of training", folder: accents, share: 0.7 },
  { name: "people, left out of training", folder: archived, share: 1, narrow: true },
  { folder: clips, share: 0.3 },
];
const trained = [];
for (const body of bodies) {
  const heard = sources.map((source) => ({ ...source, accent: body.accent }));
  trained.push(await bodyStage(body.name, recipeOf(Number(values.steps), body), heard));
}
const stranger = await stage("stranger", (folder) =>
  speakPhones(folder, { count: strangerUtterances, seed: strangerSeed, voices: ["rms"], plain: true }),
);
const together = joined(trained);
const shipped = join(out, "phones.safetensors");
const measured = [...sources.filter(({ name }) => name), { name: "rms, never heard", folder: stranger, stranger: true }];
const figures = [];
for (const source of measured)
  figures.push({ name: source.name, ...(await measureBody(together.recipe, together.parameters, source)) });
await ship(together, shipped, { voices: [...voices, ...espeakVoices.map((voice) => `espeak-ng ${voice}`)], figures });
for (const { name, frames, right } of figures)
  console.log(`${name}: ${((100 * right) / frames).toFixed(1)} % of ${frames} frames with speech`);
console.log(shipped);
