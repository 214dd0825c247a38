import { basename, dirname, join } from "node:path";
import { UsageError } from "../base/errors.js";
import { makeFolder } from "../base/make_folder.js";
import type { CExport, ExportedModel } from "../targets/c/export.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";

/** Options of `earshot export --to c`. */
export interface CExportArguments extends CommonOptions {
  features?: string;
  out?: string;
  prefix?: string;
  cpu?: string;
  stream?: "context" | "window";
  hops?: number;
  example?: boolean;
  asm?: boolean;
  floatAbi?: "hard" | "softfp" | "soft";
}

/** `earshot export MODEL --to c`: a model as C99 for a microcontroller. */
export async function exportToC(name: string, options: CExportArguments): Promise<void> {
  const { loadModel } = await import("../formats/model_file.js");
  const { resolveModel } = await import("../formats/shipped.js");
  const { writeFileSafely } = await import("../formats/write_file.js");
  const { rateOf } = await import("../measure/spotter_model.js");
  const { compilerFlags, cpuNamed, cpus, defaultFloatAbi, hasFloatUnit } = await import("../targets/c/cpu.js");
  const { crossCompile, tryCrossCompile } = await import("../targets/c/cross_compiler.js");
  const { exportC, prefixOf } = await import("../targets/c/export.js");
  const { ownStream } = await import("../detect/model_stream.js");
  const { exampleFiles } = await import("../targets/c/example/files.js");
  const cpu = cpuNamed(options.cpu ?? "generic");
  if (!cpu) throw new UsageError(`--cpu ${options.cpu}: must be one of ${cpus.join(", ")}`);
  const { features = "device" } = options;
  if (features !== "device" && features !== "none")
    throw new UsageError(`--features ${features}: for --to c it is device (samples go in) or none (features go in)`);
  if (options.hops !== undefined && !options.stream) throw new UsageError("--hops goes with --stream");
  const isAssembly = options.asm === true;
  if (isAssembly && cpu === "generic") throw new UsageError("--asm compiles for a core: name it, such as --cpu cortex-m4");
  if (options.floatAbi !== undefined && options.floatAbi !== "soft" && !hasFloatUnit(cpu))
    throw new UsageError(
      cpu === "generic"
        ? `--float-abi ${options.floatAbi} is about a core: name it, such as --cpu cortex-m4`
        : `--float-abi ${options.floatAbi}: a ${cpu} has no floating-point unit; leave it out`,
    );
  if (isAssembly && options.example === true) throw new UsageError("--example goes with C, not with --asm");
  const path = resolveModel(name);
  const isTflite = path.toLowerCase().endsWith(".tflite");
  if (isTflite && (options.features === "device" || options.stream))
    throw new UsageError(`${path}: of a .tflite file only the network is exported, without --features device and --stream`);
  const own = isTflite ? undefined : await loadModel(path);
  const model = own ?? (await foreign(path));
  const prefix = options.prefix ?? prefixOf(basename(path, isTflite ? ".tflite" : ".safetensors"));
  const floatAbi = options.floatAbi ?? defaultFloatAbi(cpu);
  const stream = options.stream ? { form: options.stream, hops: options.hops } : own && ownStream(own);
  // Without --asm the compiler only serves the header's figures.
  const compile = isAssembly ? crossCompile : tryCrossCompile;
  const made = exportC(model, {
    prefix,
    cpu,
    floatAbi,
    features: isTflite ? "none" : features,
    rate: own ? rateOf(own) : 16_000,
    separate: isAssembly,
    ...(cpu === "generic" ? {} : { compile: (files) => compile(files, [...compilerFlags(cpu, floatAbi), "-O2"]) }),
    ...(stream ? { stream } : {}),
  });
  const out = options.out ?? `${prefix}_c`;
  const assembly = isAssembly ? made.compiled!.assembly : [];
  const files = [...made.files, ...assembly, ...(options.example === true ? exampleFiles(made, cpu, floatAbi) : [])];
  for (const { name: file } of files) await makeFolder(dirname(join(out, file)));
  for (const file of files) await writeFileSafely(join(out, file.name), new TextEncoder().encode(file.text));
  const { flashDataBytes, ramBytes, arenaBytes, compiled } = made;
  if (options.json === true) {
    printJson({
      folder: out,
      format: "c",
      files: files.map((f) => f.name),
      cpu,
      floatAbi,
      features,
      flashDataBytes,
      ...(compiled ? { flashBytes: compiled.flashBytes, stackBytes: compiled.stackBytes } : {}),
      ramBytes,
      arenaBytes,
    });
    return;
  }
  printText(`${out}: ${files.map((f) => f.name).join(", ")}`);
  printSizes(made);
  const source = join(out, isAssembly ? "model.S" : `${prefix}.c`);
  const compiler = cpu === "generic" ? ["cc"] : ["arm-none-eabi-gcc", ...compilerFlags(cpu, floatAbi)];
  printNext(`${compiler.join(" ")}${isAssembly ? "" : " -std=c99 -O2"} -c ${shellWord(source)}`, options);
}

function printSizes({ flashDataBytes, ramBytes, arenaBytes, compiled }: CExport): void {
  const count = (n: number): string => n.toLocaleString("en-US");
  const data = `${count(flashDataBytes)} bytes of weights and tables`;
  const code = compiled && `${count(compiled.flashBytes - flashDataBytes)} bytes of code`;
  printText(`${paint("dim", "flash")}  ${data}, and ${code ?? "the code"}`);
  printText(`${paint("dim", "RAM")}    ${count(ramBytes)} bytes, ${count(arenaBytes)} of them shared by the layers`);
  if (compiled) printText(`${paint("dim", "stack")}  ${count(compiled.stackBytes)} bytes`);
}

/** What to export where a .tflite file has more in it than a network: `export --features builtin` and `op` put the front end there. */
const ofModelFile =
  "give the model file (.safetensors) that it was made from, whose front end becomes C too; of a .tflite file the network alone can be exported (earshot export MODEL --features none)";

/** The network of a .tflite file. */
async function foreign(path: string): Promise<ExportedModel> {
  const { readBounded } = await import("../base/read_file.js");
  const { largestTflite, readTflite } = await import("../formats/tflite/read/read.js");
  const { foreignModel } = await import("../targets/c/foreign.js");
  const bytes = await readBounded(path, largestTflite, "a keyword spotter has some megabytes");
  return foreignModel(readTflite(bytes, path, ofModelFile), [], basename(path));
}
