import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../base/errors.js";
import { scanFolder } from "../../corpus/scan.js";
import { tenKeywords } from "../../corpus/task.js";
import { parseRecipe, type Recipe } from "../../train/recipe.js";
import { publishedRecipe } from "../../zoo/recipes/index.js";
import { type NetworkName, networks } from "./networks.js";

/** What is trained on and measured on. */
export interface TrainingSettings {
  readonly network: NetworkName;
  /** Folder with train and test. */
  readonly root: string;
  readonly epochs: number;
  readonly batch: number;
  /** A model file to begin with. */
  readonly from: string | undefined;
  /** Folder for the list of the clips. */
  readonly folder: string;
}

/** A training and how many of its steps are an epoch. */
export interface SpeechRecTraining {
  readonly recipe: Recipe;
  readonly stepsOfAnEpoch: number;
}

/** Silence in a split, as a part of its clips. */
const silenceShare = 0.1;

/**
 * The published training on ROOT/train, measured on ROOT/test after every epoch.
 * @throws UserError where the folders or the words are missing
 */
export function speechRecTraining({ network, root, epochs, batch, from, folder }: TrainingSettings): SpeechRecTraining {
  const training = scanFolder(join(root, "train"));
  const testing = scanFolder(join(root, "test"));
  const clips = { training: training.files, validation: testing.files };
  const lines = Object.entries(clips).flatMap(([split, files]) =>
    // Folders whose names begin with _ hold no words.
    files.filter(({ word }) => !word.startsWith("_")).map(({ path, word }) => ({ path: resolve(path), label: word, split })),
  );
  const counted = (split: string): number => lines.filter((line) => line.split === split).length;
  if (counted("validation") === 0)
    throw new UserError(
      `${join(root, "test")}: there are no clips in it; split the data with 'earshot compat speechrec split_dataset'`,
    );
  const trained = new Set(lines.filter(({ split }) => split === "training").map(({ label }) => label));
  const missing = tenKeywords.filter((word) => !trained.has(word));
  if (missing.length > 0)
    throw new UserError(`${join(root, "train")}: there are no clips of ${missing.join(", ")}; SpeechRec trains on its ten words`);
  const manifest = join(folder, "clips.jsonl");
  writeFileSync(manifest, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const items = counted("validation");
  const wanted = lines.filter(({ label, split }) => split === "validation" && tenKeywords.includes(label)).length;
  // A recipe counts silence by the wanted words, SpeechRec by all clips; rounded up it is its number.
  const silences = Math.floor(silenceShare * items);
  const silencePercentage = wanted === 0 || silences === 0 ? 0 : (100 * (silences - 0.5)) / wanted;
  const draws = counted("training") + Math.floor(silenceShare * counted("training"));
  const stepsOfAnEpoch = Math.ceil(draws / batch);
  const published = publishedRecipe(networks[network].zoo);
  const recipe = {
    ...published,
    data: [{ kind: "sounds", path: manifest }],
    noise: training.noise,
    task: { words: tenKeywords, silence: true, unknown: true, silencePercentage, unknownPercentage: 100 },
    ...(from === undefined ? {} : { from: { model: from } }),
    batch,
    steps: epochs * stepsOfAnEpoch,
    validateEvery: stepsOfAnEpoch,
  };
  return { recipe: parseRecipe(recipe, "speechrec main"), stepsOfAnEpoch };
}
