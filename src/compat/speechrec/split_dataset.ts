import { splitIntoFolders } from "../../corpus/split_folders.js";
import { parseFlags } from "../flags.js";
import type { CompatProgram } from "../program.js";

/** `split_dataset.py ROOT`. It prints nothing, as the original. */
export const program: CompatProgram = {
  run(args, { print }) {
    const { rest, help } = parseFlags({}, args, { program: "speechrec split_dataset", words: ["root"] });
    if (help)
      print("earshot compat speechrec split_dataset ROOT: splits ROOT/audio by its lists into ROOT/train, ROOT/valid, ROOT/test");
    else splitIntoFolders(rest[0] as string);
    return Promise.resolve(0);
  },
};
