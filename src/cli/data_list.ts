import { join } from "node:path";
import type { Command } from "commander";
import { wholeNumber } from "./arguments.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";

interface ListArguments extends CommonOptions {
  max?: number;
  bad?: string;
  seed: number;
}

/** `earshot data list`: the lists that a training from one folder a word goes by. */
export function register(data: Command): void {
  data
    .command("list")
    .description(
      "Write training_list.txt and categories.txt into a data set: every folder but background noise is a category, and what neither " +
        "testing_list.txt nor validation_list.txt names is for training. Those two are shuffled, or made by the hash of the names.",
    )
    .argument("<data>", "folder with one folder a word")
    .option("-m, --max <n>", "most training files of a folder, drawn at random (default: all)", wholeNumber(1))
    .option("-b, --bad <file>", "list of FOLDER/FILE names that go into no list")
    .option("--seed <n>", "seed of the draws and of the order", wholeNumber(0, 2 ** 31 - 1), 0)
    .option("--json", "print one JSON object")
    .action(list);
}

async function list(root: string, options: ListArguments): Promise<void> {
  const { makeTrainingLists, readNameList, trainingListFiles } = await import("../corpus/training_list.js");
  const { writeFileSafely } = await import("../formats/write_file.js");
  const bad = options.bad === undefined ? undefined : new Set(await readNameList(options.bad));
  const lists = await makeTrainingLists(root, { most: options.max, bad, seed: options.seed, makeMissing: true });
  const files = trainingListFiles(lists);
  for (const [name, text] of files) await writeFileSafely(join(root, name), new TextEncoder().encode(text));
  const { categories, folders, training, validation, testing, removed } = lists;
  if (options.json === true) {
    const clips = { training: training.length, validation: validation.length, testing: testing.length };
    printJson({ root, files: [...files.keys()], categories, folders, clips, removed });
    return;
  }
  const cut = folders.filter(({ found, chosen }) => chosen < found);
  for (const { name, found, chosen } of cut) printText(`${name}: ${chosen} of ${found} training files`);
  printText(
    `${root}: ${categories.length} categories; ${training.length} training, ${validation.length} validation, ${testing.length} testing`,
  );
  printNext(`earshot train --data ${shellWord(root)} --words all --split-by lists --out runs/first`, options);
}
