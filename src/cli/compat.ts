import type { Command } from "commander";
import { interruptible } from "./interrupt.js";
import { printText } from "./output.js";

/** `earshot compat`: a command line of one of the systems that earshot replaces, as it stands in their documents. */
export function register(program: Command): void {
  program
    .command("compat")
    .description(
      "Run a command line of another system as it stands in its documents: kws-streaming, ml-kws, fastcells, speechrec (docs/compat.md).",
    )
    .argument("[words...]", "system, program, and everything that stood after it")
    // Everything after the command is the original's, -h and unknown flags too.
    .helpOption(false)
    .allowUnknownOption()
    .action(async (_, __, command: Command) => {
      const { runCompat } = await import("../compat/index.js");
      const words = wordsAfter(command);
      process.exitCode = await interruptible(
        (signal) => runCompat(words, { signal, print: printText, warn: (line) => process.stderr.write(`${line}\n`) }),
        "what was reached is saved",
      );
    });
}

/** The words after "compat" as they were given: commander would move "--" and known options. */
function wordsAfter(command: Command): string[] {
  const given = (command.parent as Command & { rawArgs: string[] }).rawArgs;
  return given.slice(given.indexOf("compat") + 1);
}
