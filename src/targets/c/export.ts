import { UsageError, UserError } from "../../base/errors.js";
import type { Model } from "../../formats/model.js";
import { sizeOf } from "../../graph/types.js";
import { optimize } from "../../passes/optimize.js";
import { type Cpu, compilerFlags, type FloatAbi, hasVectors } from "./cpu.js";
import type { CompiledCode } from "./cross_compiler.js";
import { framewise, framewiseOrWhole } from "./framewise.js";
import { type ExportFigures, featurizerHeader, headerText } from "./header.js";
import { CModule, identifier } from "./module.js";
import { addNetwork, type NetworkStream, networkOf } from "./network.js";
import { featurizerCode, type PublicParts, publicCode } from "./public_code.js";
import { isStandardHeader } from "./standard_headers.js";

/** A file of an export. */
export interface CFile {
  readonly name: string;
  readonly text: string;
}

export interface CExportOptions {
  /** Begins every symbol that other files see. */
  readonly prefix: string;
  readonly cpu: Cpu;
  readonly floatAbi: FloatAbi;
  /** Whether the front end is in the program: it then takes 16-bit samples. */
  readonly features: "device" | "none";
  /** Samples a second, for the header. */
  readonly rate: number;
  /** The network hears one step after another instead of whole clips. */
  readonly stream?: NetworkStream | undefined;
  /** Front end and network as files of their own, featurizer.c and model.c, each with its own memory. */
  readonly separate?: boolean;
  /** Compiles the files, so that the header can say how much code and stack they take. */
  readonly compile?: ((files: readonly CFile[]) => CompiledCode | undefined) | undefined;
}

/** A model of which nothing but the network need be known, where the front end is not exported. */
export type ExportedModel = Pick<Model, "graph" | "parameters" | "labels" | "licence"> & Partial<Pick<Model, "frontend">>;

/** What an export consists of. */
export interface CExport {
  readonly files: readonly CFile[];
  /** Bytes of weights and tables; the code comes on top. */
  readonly flashDataBytes: number;
  /** Bytes of all static variables. */
  readonly ramBytes: number;
  /** Of these, what the layers share one after another. */
  readonly arenaBytes: number;
  /** What the compiler made of it, where there was one. */
  readonly compiled?: CompiledCode | undefined;
  readonly parts: PublicParts;
}

const longestPrefix = 40;

/** The prefix that a file's name gives: a C name, whatever stands in it. */
export function prefixOf(name: string): string {
  const plain = identifier(name).replace(/^_+/, "");
  return (/^[A-Za-z]/.test(plain) && !isStandardHeader(plain) ? plain : `model_${plain}`).slice(0, longestPrefix);
}

/**
 * The model as C99: PREFIX.c and PREFIX.h. No libc beyond string.h, no allocation, no array on the stack; all memory is static
 * and planned here.
 * @throws UsageError where the prefix is no C name or that of a standard header, UserError where the front end cannot run frame by frame
 */
export function exportC(model: ExportedModel, options: CExportOptions): CExport {
  const { prefix, separate = false } = options;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(prefix) || prefix.length > longestPrefix)
    throw new UsageError(`--prefix ${JSON.stringify(prefix)} is no C name of at most ${longestPrefix} letters, digits and _`);
  if (!separate && isStandardHeader(prefix))
    throw new UsageError(
      `--prefix ${prefix}: ${prefix}.h would hide the standard header of that name; give another, such as --prefix model_${prefix}`,
    );
  if (options.features === "device" && !model.frontend)
    throw new UserError("the model has no front end: export with --features none");
  const vectors = hasVectors(options.cpu, options.floatAbi);
  const module = new CModule(vectors);
  const network = addNetwork(module, networkOf(model, options.features === "device", options.stream));
  const front = separate ? new CModule(vectors) : module;
  const frontend = options.features === "device" ? addFrontend(front, model, options) : undefined;
  const macro = prefix.toUpperCase();
  const parts: PublicParts = {
    prefix,
    macro,
    labels: model.labels,
    rate: options.rate,
    ...network,
    ...(frontend ? { frontend } : {}),
  };
  if (parts.stream) module.variable("progress", "int32_t", 2, 4);
  const name = separate ? "model" : prefix;
  const text = module.text(publicCode(parts));
  const sources: CFile[] = [{ name: `${name}.c`, text: sourceText(name, text) }];
  if (separate && frontend)
    sources.push({ name: "featurizer.c", text: sourceText("featurizer", front.text(featurizerCode(parts))) });
  const modules = front === module || !frontend ? [module] : [module, front];
  const total = (bytes: (m: CModule) => number): number => modules.reduce((sum, m) => sum + bytes(m), 0);
  const figures: ExportFigures = {
    flashDataBytes: total((m) => m.dataBytes),
    ramBytes: total((m) => m.ramBytes),
    arenaBytes: total((m) => m.arenaBytes),
    flags: compilerFlags(options.cpu, options.floatAbi),
    licence: model.licence,
  };
  const headers = (all: ExportFigures): CFile[] => [
    { name: `${name}.h`, text: headerText(parts, all) },
    ...(separate && frontend ? [{ name: "featurizer.h", text: featurizerHeader(parts) }] : []),
  ];
  const compiled = options.compile?.([...headers(figures), ...sources]);
  const { flashDataBytes, ramBytes, arenaBytes } = figures;
  return { files: [...headers({ ...figures, compiled }), ...sources], flashDataBytes, ramBytes, arenaBytes, compiled, parts };
}

function sourceText(name: string, body: string): string {
  return `/* Written by earshot; see ${name}.h. */\n#include "${name}.h"\n\n#include <string.h>\n\n${body}\n`;
}

/** Adds the front end as `static void frontend(void)`, with the window that samples come into. */
function addFrontend(
  module: CModule,
  model: ExportedModel,
  { stream, separate = false }: CExportOptions,
): NonNullable<PublicParts["frontend"]> {
  const { graph, window, hop, skipped, padding } = stream ? framewise(model.frontend!) : framewiseOrWhole(model.frontend!);
  const made = module.add("frontend", optimize(graph), new Map());
  const features = made.place("features");
  module.variable("window", "int16_t", window, 2);
  module.variable("fill", "int32_t", 2, 4);
  const values = sizeOf(features.type.shape);
  const states = made.states.map((name) => made.place(name));
  return { window, hop, skipped, padding, audio: made.place("audio").text, frame: features.text, values, states, separate };
}
