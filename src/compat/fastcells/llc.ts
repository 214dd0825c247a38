import { UsageError } from "../../base/errors.js";
import { writeFileSafely } from "../../formats/write_file.js";
import { compilerFlags, cpuNamed, cpus } from "../../targets/c/cpu.js";
import { crossCompile } from "../../targets/c/cross_compiler.js";
import { text } from "../flags.js";
import type { CompatProgram } from "../program.js";
import { readBitcode } from "./c_bitcode.js";
import { readFlags } from "./read_flags.js";

const table = {
  output: text("", "where the assembly is written", { written: true, also: ["-o"] }),
  filetype: text("asm", "asm", { choices: ["asm"] }),
  mtriple: text("", "taken: the core is named by mcpu"),
  mcpu: text("", "the core, such as cortex-m4"),
  "relocation-model": text("static", "pic: code that may lie anywhere", { choices: ["static", "pic"] }),
  "float-abi": text("soft", "hard: floats are passed in the floating-point unit's registers; soft: in others", {
    choices: ["hard", "soft", "default"],
  }),
  mattr: text("", "with +vfp4 the floating-point unit computes; with +soft-float alone it does not"),
  O: text("2", "how much is optimised", { choices: ["0", "1", "2", "3"] }),
};

/** LLVM's llc as the documents call it, for a module of compile: GCC's cross compiler makes the assembly. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("llc", table, args.map(spelled), context, ["module.bc"]);
    if (flags === undefined) return 0;
    const { values, words } = flags;
    if (values.output === "") throw new UsageError("fastcells llc: name the file with -o");
    const cpu = cpuNamed(values.mcpu);
    if (cpu === undefined || cpu === "generic")
      throw new UsageError(
        `fastcells llc: -mcpu=${values.mcpu}: it must be one of ${cpus.filter((name) => name !== "generic").join(", ")}`,
      );
    const hasUnit = /\+(vfp|fp)/.test(values.mattr);
    // LLVM's soft only means how floats are passed: the unit computes where there is one, which GCC calls softfp.
    const abi = values["float-abi"] === "hard" ? "hard" : hasUnit ? "softfp" : "soft";
    const source = await readBitcode(words[0] as string);
    const options = [...compilerFlags(cpu, abi), `-O${values.O}`, ...(values["relocation-model"] === "pic" ? ["-fPIC"] : [])];
    const { assembly } = crossCompile([{ name: "module.c", text: source }], options);
    await writeFileSafely(values.output, new TextEncoder().encode(assembly[0]!.text));
    return 0;
  },
};

/** LLVM's flags have one dash or two, and their values behind "=": -O3 is its own. */
function spelled(word: string): string {
  const level = /^-O([0-3])$/.exec(word)?.[1];
  if (level !== undefined) return `--O=${level}`;
  return /^-[a-z][a-z-]+=/.test(word) ? `-${word}` : word;
}
