import type { Command } from "commander";
import type { DatasetOptions } from "../corpus/dataset.js";
import { commaList } from "./arguments.js";

/** Options of every command that opens a data set: which words are labels, and how clips are split. */
export interface TaskArguments {
  words?: string[] | "all";
  silence?: boolean;
  unknown?: boolean;
  splitBy?: "lists" | "hash" | "folders";
}

/** Adds the options to a command. */
export function addTaskOptions(command: Command): Command {
  return command
    .option(
      "--words <list>",
      "labels, with commas, or 'all' for every word of the data (default: the ten command words)",
      wordList,
    )
    .option("--silence", "have a label _silence_ (default, but not with --words all)")
    .option("--no-silence", "have no label _silence_")
    .option("--unknown", "have a label _unknown_ for all other words (default, but not with --words all)")
    .option("--no-unknown", "leave all other words out")
    .addOption(
      command
        .createOption("--split-by <rule>", "how clips are split (default: what the data set brings)")
        .choices(["lists", "hash", "folders"]),
    );
}

/** The options as `openDataset` takes them. */
export function datasetOptions({ words, silence, unknown, splitBy }: TaskArguments): DatasetOptions {
  return { words, silence, unknown, splitBy };
}

function wordList(text: string): string[] | "all" {
  return text === "all" ? "all" : commaList(text);
}
