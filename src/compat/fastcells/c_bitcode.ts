import { FormatError } from "../../base/errors.js";
import { readBounded } from "../../base/read_file.js";
import { writeFileSafely } from "../../formats/write_file.js";

/** What stands where the original has LLVM's bitcode: a C file that is whole by itself. */
const mark = "/* earshot: C99 where ELL's compile writes LLVM bitcode; 'earshot compat fastcells llc' compiles it. */\n";

const largest = 1 << 30;

/** Writes a module's source as NAME.bc. */
export async function writeBitcode(path: string, source: string): Promise<void> {
  await writeFileSafely(path, new TextEncoder().encode(mark + source));
}

/**
 * Reads what `writeBitcode` wrote.
 * @throws FormatError for anything else, such as real bitcode
 */
export async function readBitcode(path: string): Promise<string> {
  const text = new TextDecoder().decode(await readBounded(path, largest, "a module has some megabytes"));
  if (text.startsWith(mark)) return text.slice(mark.length);
  throw new FormatError(
    path,
    "byte 0",
    "no module of 'earshot compat fastcells compile'",
    "make it with that, or call LLVM's own tool",
  );
}
