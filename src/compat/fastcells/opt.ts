import { UsageError } from "../../base/errors.js";
import { text } from "../flags.js";
import type { CompatProgram } from "../program.js";
import { readBitcode, writeBitcode } from "./c_bitcode.js";
import { readFlags } from "./read_flags.js";

const table = { output: text("", "where the module is written", { written: true, also: ["-o"] }) };

/** LLVM's opt as the documents call it: the module under its new name. What there is to optimise, compile and llc have done. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags(
      "opt",
      table,
      args.filter((word) => !/^-O[0-3sz]$/.test(word)),
      context,
      ["module.bc"],
    );
    if (flags === undefined) return 0;
    if (flags.values.output === "") throw new UsageError("fastcells opt: name the file with -o");
    await writeBitcode(flags.values.output, await readBitcode(flags.words[0] as string));
    return 0;
  },
};
