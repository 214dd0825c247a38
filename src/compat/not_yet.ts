import type { CompatProgram, ProgramEntry } from "./program.js";

/**
 * A program that is known and not offered: one line, exit code 1.
 * @param what what the original does, such as "clusters the weights"
 * @param instead what to use today, as a whole sentence; "" where there is nothing
 */
export function notYet(name: string, what: string, instead = ""): ProgramEntry {
  const program: CompatProgram = {
    run: (_, { warn }) => {
      warn(`earshot compat: ${name} (${what}) is not there yet${instead === "" ? "" : `; ${instead}`}`);
      return Promise.resolve(1);
    },
  };
  return { summary: `${what} (not yet)`, load: () => Promise.resolve(program) };
}
