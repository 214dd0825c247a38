import type { Command } from "commander";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";

/** `earshot data split`: a data set with lists into the folders train, valid and test. */
export function register(data: Command): void {
  data
    .command("split")
    .description(
      "Split ROOT/audio by its validation_list.txt and testing_list.txt into ROOT/train, ROOT/valid and ROOT/test: the listed files are " +
        "moved, the rest becomes train.",
    )
    .argument("<root>", "folder with the data set in its folder audio")
    .option("--json", "print one JSON object")
    .action(split);
}

async function split(root: string, options: CommonOptions): Promise<void> {
  const { splitIntoFolders } = await import("../corpus/split_folders.js");
  const { validation, testing } = splitIntoFolders(root);
  if (options.json === true) {
    printJson({ root, validation, testing });
    return;
  }
  printText(`${root}: ${validation} clips in valid, ${testing} in test, the rest in train`);
  printNext(`earshot train --data ${shellWord(root)}`, options);
}
