import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { FormatError, UserError } from "../base/errors.js";
import { makeFolderSync } from "../base/make_folder.js";
import { systemReason, systemRemedy } from "../base/system_error.js";
import { findPath } from "../base/find_path.js";
import { readSplitLists } from "./split.js";

/** How many clips went where. */
export interface SplitResult {
  readonly validation: number;
  readonly testing: number;
}

/**
 * Splits ROOT/audio by its validation_list.txt and testing_list.txt into ROOT/train, ROOT/valid and ROOT/test (SpeechRec's
 * split_dataset.py): moves the listed files, keyword folders made as needed, then renames audio to train, where the lists and the background
 * noise stay. All is looked at before anything is moved.
 * @throws UserError where a folder is missing or there already, a list or a listed file is missing, or the system refuses; FormatError for a
 *   faulty list
 */
export function splitIntoFolders(root: string): SplitResult {
  const audio = join(root, "audio");
  const folders = { validation: join(root, "valid"), testing: join(root, "test") };
  const train = join(root, "train");
  const taken = [folders.validation, folders.testing, train].find((folder) => existsSync(folder));
  if (taken !== undefined)
    throw new UserError(`${taken}: this folder is there already; the data is split, or remove or rename what is in the way`);
  if (findPath(audio)?.isDirectory() !== true)
    throw new UserError(`${audio}: there is no such folder; unpack the data set with its lists into it`);
  const { found, entries } = readSplitLists(audio);
  for (const split of ["validation", "testing"] as const)
    if (!found.has(split))
      throw new UserError(`${join(audio, `${split}_list.txt`)}: there is no such file; the lists come with the data set`);
  const outside = entries.find(({ name }) => name.split("/").some((part) => part === "." || part === ".."));
  if (outside !== undefined)
    throw new FormatError(outside.list, `line ${outside.line}`, `'${outside.name}'`, "write WORD/FILE, for example yes/a.wav");
  const moves = entries.flatMap(({ name, split }) => (split === "training" ? [] : [{ name, to: folders[split] }]));
  const missing = moves.find(({ name }) => !existsSync(join(audio, name)));
  if (missing !== undefined)
    throw new UserError(`${join(audio, missing.name)}: the file is in a list and not in the folder; nothing was moved`);
  try {
    for (const folder of Object.values(folders)) mkdirSync(folder);
    for (const { name, to } of moves) {
      makeFolderSync(join(to, dirname(name)));
      renameSync(join(audio, name), join(to, name));
    }
    renameSync(audio, train);
  } catch (error) {
    throw new UserError(`${root}: the files could not be moved: ${systemReason(error)}; ${systemRemedy(error)}`, {
      cause: error,
    });
  }
  const testing = moves.filter(({ to }) => to === folders.testing).length;
  return { testing, validation: moves.length - testing };
}
