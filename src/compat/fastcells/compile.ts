import { basename, dirname, extname, join } from "node:path";
import { UsageError } from "../../base/errors.js";
import { writeFileSafely } from "../../formats/write_file.js";
import { text, truth, whole } from "../flags.js";
import type { CompatProgram } from "../program.js";
import { writeBitcode } from "./c_bitcode.js";
import { ellSource } from "./ell_source.js";
import { readFlags } from "./read_flags.js";

const table = {
  inputMapFilename: text("", "featurizer of make_featurizer, or model of train_classifier", { also: ["-imap"], required: true }),
  compiledFunctionName: text("Predict", "function that computes; its symbol is MODULE_NAME", { also: ["-cfn"] }),
  compiledModuleName: text("ELL", "begins every symbol", { also: ["-cmn"] }),
  outputDirectory: text("", "folder of what is written (default: that of the input)", { written: true, also: ["-od"] }),
  outputFilenameBase: text("", "how the files begin (default: as the input)", { also: ["-ob"] }),
  header: truth(false, "writes BASE.h"),
  bitcode: truth(false, "writes BASE.bc, in C, for llc"),
  ir: truth(false, "LLVM's text; not offered"),
  assembly: truth(false, "not offered: take --bitcode and llc"),
  objectCode: truth(false, "not offered: take --bitcode and llc"),
  swig: truth(false, "not offered"),
  fuseLinearOps: truth(true, "always"),
  blas: truth(true, "taken; no library is called"),
  optimize: truth(true, "always", { also: ["-opt"] }),
  target: text("host", "taken: the C is the same, and llc names the core", { also: ["-t"] }),
  numBits: whole(0, "32, or 0 for it", { also: ["-b"] }),
  cpu: text("", "taken: llc names the core"),
  triple: text("", "taken"),
  features: text("", "taken: llc says how floats are passed"),
  datalayout: text("", "taken"),
  vectorize: truth(false, "taken: the compiler behind llc decides"),
  parallelize: truth(false, "taken: one thread computes"),
  threads: whole(4, "taken: one thread computes"),
  profile: truth(false, "not offered"),
  debug: truth(false, "taken"),
  positionIndependentCode: text("auto", "taken: llc's -relocation-model decides"),
  globalValueAlignment: whole(32, "taken: constants lie at multiples of 4"),
  convolutionMethod: text("auto", "taken"),
  verbose: truth(false, "taken"),
};

/** Flags that stand for true where no true or false follows. */
const switches = new Set(
  Object.entries(table).flatMap(([name, { kind, also }]) => (kind === "truth" ? [`--${name}`, `-${name}`, ...also] : [])),
);

/** ELL's compile: a featurizer or a model as a module for a device, header and code. */
export const program: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("compile", table, withTruth(args), context);
    if (flags === undefined) return 0;
    const { values } = flags;
    for (const name of ["ir", "assembly", "objectCode", "swig", "profile"] as const)
      if (values[name]) {
        context.warn(
          `earshot compat: fastcells compile --${name} is not there; --bitcode and --header, then opt and llc, give .h and .S`,
        );
        return 1;
      }
    if (values.numBits !== 0 && values.numBits !== 32) throw new UsageError("fastcells compile: --numBits is 32");
    const input = values.inputMapFilename;
    const made = await ellSource(input, values.compiledModuleName, values.compiledFunctionName);
    const base = join(values.outputDirectory || dirname(input), values.outputFilenameBase || basename(input, extname(input)));
    if (values.header) await writeFileSafely(`${base}.h`, new TextEncoder().encode(made.header));
    if (values.bitcode) await writeBitcode(`${base}.bc`, made.source);
    if (!values.header && !values.bitcode)
      throw new UsageError("fastcells compile: say what is wanted: --header, --bitcode or both");
    return 0;
  },
};

/** `--bitcode` alone means true; `--blas False` is false. */
function withTruth(args: readonly string[]): string[] {
  return args.flatMap((word, i) => {
    if (!switches.has(word)) return [word];
    return /^(true|false)$/i.test(args[i + 1] ?? "") ? [word] : [word, "true"];
  });
}
