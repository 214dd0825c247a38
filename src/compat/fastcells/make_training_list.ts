import { existsSync } from "node:fs";
import { join } from "node:path";
import { makeTrainingLists, readNameList, trainingListFiles } from "../../corpus/training_list.js";
import { writeFileSafely } from "../../formats/write_file.js";
import { text, whole } from "../flags.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { readFlags } from "./read_flags.js";

const table = {
  wav_files: text("", "folder with one folder of .wav files a keyword", { also: ["-w"], required: true }),
  max_files_per_directory: whole(5000, "most training files of a folder", { also: ["-max"] }),
  bad_list: text("", "list of files that go into no list", { also: ["-b"] }),
};

/** ELL's make_training_list.py: training_list.txt and categories.txt, and the two lists that are there shuffled. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("make_training_list", table, args, context);
    if (flags === undefined) return 0;
    const { wav_files: root, max_files_per_directory: most, bad_list: badList } = flags.values;
    const { print } = context;
    const bad = await badNames(root, badList, context);
    const lists = await makeTrainingLists(root, { most, bad });
    for (const split of ["testing", "validation"] as const) {
      const path = join(root, `${split}_list.txt`);
      if (bad.size > 0) print(`Cleaning: ${path}`);
      if (lists.removed[split] > 0) print(`removed ${lists.removed[split]} bad files from ${path}`);
      print(`Shuffling: ${path}`);
    }
    for (const { name, chosen } of lists.folders) print(`choosing ${chosen} random files from ${name}`);
    for (const [name, content] of trainingListFiles(lists))
      await writeFileSafely(join(root, name), new TextEncoder().encode(content));
    print(`Created ${join(root, "categories.txt")}`);
    print(`Created ${join(root, "training_list.txt")} containing ${lists.training.length} wav files`);
    return 0;
  },
};

/** The names of a list that is looked for where it is said, then in the data set. */
async function badNames(root: string, list: string, { print }: ProgramContext): Promise<Set<string>> {
  if (list === "") return new Set();
  const path = [list, join(root, list)].find((candidate) => existsSync(candidate));
  if (path === undefined) print(`Bad list ${join(root, list)} not found`);
  return new Set(path === undefined ? [] : await readNameList(path));
}
