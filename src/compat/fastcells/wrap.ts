import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileSafely } from "../../formats/write_file.js";
import { text, toggle, whole } from "../flags.js";
import type { CompatProgram } from "../program.js";
import { ellSource } from "./ell_source.js";
import { readFlags } from "./read_flags.js";

const table = {
  model_file: text("", "featurizer of make_featurizer, or model of train_classifier", { also: ["-f"], required: true }),
  outdir: text("", "folder of what is written (default: the target's name)", { written: true, also: ["-od"] }),
  module_name: text("", "begins every symbol (default: the name of the file)", { also: ["-n"] }),
  language: text("python", "language of the module", { also: ["-lang"], choices: ["python", "cpp"] }),
  target: text("host", "machine that it is for", { choices: ["host", "pi0", "pi3", "orangepi0", "pi3_64", "aarch64"] }),
  llvm_format: text("bc", "taken: the module is C", { choices: ["bc", "ir", "asm", "obj"] }),
  optimization_level: text("3", "for the C compiler", { choices: ["0", "1", "2", "3", "g"] }),
  blas: text("true", "taken; no library is called"),
  profile: toggle(false, "not offered"),
  debug: toggle(false, "taken"),
  no_optimize: toggle(false, "taken"),
  no_opt_tool: toggle(false, "taken"),
  no_llc_tool: toggle(false, "taken"),
  no_fuse_linear_ops: toggle(false, "taken"),
  no_optimize_reorder: toggle(false, "taken"),
  no_parallelize: toggle(false, "taken: one thread computes"),
  no_vectorize: toggle(false, "taken: the C compiler decides"),
  global_value_alignment: whole(32, "taken"),
  stats: toggle(false, "taken"),
  verbose: toggle(false, "taken"),
};

/**
 * ELL's wrap.py: a folder that make_dataset takes as FOLDER/MODULE, with the module in C and a CMakeLists.txt, so that cmake and make work in
 * it as the documents say.
 */
export const program: CompatProgram = {
  async run(args, context) {
    const end = args.indexOf("--");
    const flags = readFlags("wrap", table, end < 0 ? args : args.slice(0, end), context);
    if (flags === undefined) return 0;
    const { model_file: file, outdir, language, target, optimization_level: level, profile } = flags.values;
    if (profile) {
      context.warn("earshot compat: fastcells wrap --profile is not there");
      return 1;
    }
    const module = flags.values.module_name || (file.split("/").at(-1) as string).replace(/\..*$/, "");
    const folder = outdir || target;
    const made = await ellSource(file, module, "Predict");
    const files = { [`${module}.h`]: made.header, [`${module}.c`]: made.source, "CMakeLists.txt": cmakeText(module, level) };
    for (const [name, content] of Object.entries(files))
      await writeFileSafely(join(folder, name), new TextEncoder().encode(content));
    await writeFileSafely(join(folder, `${module}.ell`), await readFile(file));
    if (language === "python")
      context.warn(
        `${folder}: no Python module is made; make_dataset takes ${folder}/${module}, other programs ${module}.h and the library`,
      );
    context.print(`success, now you can build the '${folder}' folder`);
    return 0;
  },
};

function cmakeText(module: string, level: string): string {
  return `cmake_minimum_required(VERSION 3.5)
project(${module} C)
set(CMAKE_C_STANDARD 99)
add_library(${module} STATIC ${module}.c)
target_include_directories(${module} PUBLIC \${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(${module} PRIVATE -O${level})
`;
}
