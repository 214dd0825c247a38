import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { hashText, RandomStream } from "../base/random.js";
import { readBounded } from "../base/read_file.js";
import { backgroundFolder } from "./clip.js";
import { listFolders, listSounds } from "./scan.js";
import { hashSplitter } from "./split.js";

/** How the lists of a data set are made. */
export interface TrainingListOptions {
  /** Most training files of a folder. Default: all. */
  readonly most?: number | undefined;
  /** Names FOLDER/FILE that go into no list. */
  readonly bad?: ReadonlySet<string> | undefined;
  /** Seed of all choices and of the order. Default 0. */
  readonly seed?: number | undefined;
  /** Where a testing or validation list is missing: make both by TensorFlow's hash of the names, instead of refusing. Default false. */
  readonly makeMissing?: boolean | undefined;
}

/** What of a folder goes into the training list. */
export interface ListedFolder {
  readonly name: string;
  /** Files that are in no other list. */
  readonly found: number;
  /** Of these, taken. */
  readonly chosen: number;
}

/** The lists of a data set, names as FOLDER/FILE. */
export interface TrainingLists {
  /** Folders in the order of their class indices. */
  readonly categories: readonly string[];
  readonly folders: readonly ListedFolder[];
  /** Grouped by folder, random within. */
  readonly training: readonly string[];
  readonly validation: readonly string[];
  readonly testing: readonly string[];
  /** Names taken out because they are bad. */
  readonly removed: { readonly validation: number; readonly testing: number };
}

const largestList = 64 << 20;

/**
 * Lines of a list of names, without empty ones.
 * @throws UserError where it cannot be read
 */
export async function readNameList(path: string): Promise<string[]> {
  const bytes = await readBounded(path, largestList, "a list has one FOLDER/FILE a line");
  return new TextDecoder()
    .decode(bytes)
    .split(/\r?\n/)
    .map((line) => line.trim().replaceAll("\\", "/"))
    .filter((line) => line !== "");
}

/**
 * Makes the lists that a training from one folder a word goes by, as ELL's make_training_list has them: every folder but background noise
 * is a category, in sorted order; what neither the testing nor the validation list names is for training, at most `most` files of a
 * folder. All lists are shuffled. Nothing is written.
 * @throws UserError where there is no such folder, or a list is missing
 */
export async function makeTrainingLists(root: string, options: TrainingListOptions = {}): Promise<TrainingLists> {
  const { bad = new Set(), seed = 0, most = Infinity } = options;
  const categories = listFolders(root).filter((name) => !name.includes(backgroundFolder));
  if (categories.length === 0)
    throw new UserError(`${root}: there is no folder of a word in it; expected such as ${join(root, "yes", "a.wav")}`);
  const all = categories.map((name) => listSounds(join(root, name)).map((file) => `${name}/${file}`));
  const given = await givenLists(root, all.flat(), options.makeMissing === true);
  const clean = (names: readonly string[], key: string): string[] =>
    new RandomStream(seed, hashText(key)).shuffle(names.filter((name) => !bad.has(name)));
  const [testing, validation] = [clean(given.testing, "testing"), clean(given.validation, "validation")];
  const taken = new Set([...given.testing, ...given.validation]);
  const training: string[] = [];
  const folders = categories.map((name, i): ListedFolder => {
    const free = (all[i] as string[]).filter((file) => !taken.has(file) && !bad.has(file));
    const chosen = new RandomStream(seed, hashText("training"), hashText(name)).shuffle(free).slice(0, most);
    training.push(...chosen);
    return { name, found: free.length, chosen: chosen.length };
  });
  const removed = {
    testing: given.testing.length - testing.length,
    validation: given.validation.length - validation.length,
  };
  return { categories, folders, training, validation, testing, removed };
}

async function givenLists(
  root: string,
  names: readonly string[],
  makeMissing: boolean,
): Promise<{ testing: readonly string[]; validation: readonly string[] }> {
  const paths = { testing: join(root, "testing_list.txt"), validation: join(root, "validation_list.txt") };
  const missing = Object.values(paths).filter((path) => !existsSync(path));
  if (missing.length === 0)
    return { testing: await readNameList(paths.testing), validation: await readNameList(paths.validation) };
  if (!makeMissing || missing.length === 1)
    throw new UserError(
      `${missing[0]}: there is no such list; write one FOLDER/FILE a line${missing.length === 1 ? ", or remove the other list too" : ", or let 'earshot data list' make both"}`,
    );
  const splitOf = hashSplitter();
  const of = (split: string): string[] => names.filter((name) => splitOf(name.slice(name.indexOf("/") + 1)) === split);
  return { testing: of("testing"), validation: of("validation") };
}

/** The files of the lists, by name. */
export function trainingListFiles(lists: TrainingLists): ReadonlyMap<string, string> {
  const text = (names: readonly string[]): string => names.map((name) => `${name}\n`).join("");
  return new Map([
    ["testing_list.txt", text(lists.testing)],
    ["validation_list.txt", text(lists.validation)],
    ["training_list.txt", text(lists.training)],
    ["categories.txt", text(lists.categories)],
  ]);
}
