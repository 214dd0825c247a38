import { UserError } from "../../base/errors.js";
import type { Model } from "../../formats/model.js";
import { sizeOf } from "../../graph/types.js";
import { optimize } from "../../passes/optimize.js";
import { compilerFlags, type Cpu, type FloatAbi } from "./cpu.js";
import { framewise } from "./framewise.js";
import { headerText } from "./header.js";
import { CModule } from "./module.js";
import { addNetwork, type NetworkStream, networkOf } from "./network.js";
import { type PublicParts, publicCode } from "./public_code.js";

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
}

/** A model of which nothing but the network need be known, where the front end is not exported. */
export type ExportedModel = Pick<Model, "graph" | "parameters" | "labels" | "licence"> & Partial<Pick<Model, "frontend">>;

/** What an export consists of. */
export interface CExport {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Bytes of weights and tables; the code comes on top. */
  readonly flashDataBytes: number;
  /** Bytes of all static variables. */
  readonly ramBytes: number;
  /** Of these, what the layers share one after another. */
  readonly arenaBytes: number;
  readonly parts: PublicParts;
}

const longestPrefix = 40;

/**
 * The model as C99: PREFIX.c and PREFIX.h. No libc beyond string.h, no allocation, no array on the stack; all memory is static
 * and planned here.
 * @throws UserError where the prefix is no C name, or the front end cannot run frame by frame
 */
export function exportC(model: ExportedModel, options: CExportOptions): CExport {
  const { prefix } = options;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(prefix) || prefix.length > longestPrefix)
    throw new UserError(`--prefix ${JSON.stringify(prefix)} is no C name of at most ${longestPrefix} letters, digits and _`);
  const module = new CModule();
  const network = addNetwork(module, networkOf(model, options.features === "device", options.stream));
  if (options.features === "device" && !model.frontend)
    throw new UserError("the model has no front end: export with --features none");
  const device = options.features === "device" ? framewise(model.frontend!) : undefined;
  const frontend = device && module.add("frontend", optimize(device.graph), new Map());
  const parts: PublicParts = {
    prefix,
    macro: prefix.toUpperCase(),
    labels: model.labels,
    rate: options.rate,
    ...network,
    ...(device && frontend
      ? {
          frontend: {
            window: device.window,
            hop: device.hop,
            padding: device.padding,
            audio: frontend.place("audio").text,
            frame: frontend.place("features").text,
            values: sizeOf(frontend.place("features").type.shape),
          },
        }
      : {}),
  };
  if (parts.frontend) {
    module.variable("window", "int16_t", parts.frontend.window, 2);
    module.variable("fill", "int32_t", 2, 4);
  }
  if (parts.stream) module.variable("progress", "int32_t", 2, 4);
  const body = module.text(publicCode(parts));
  const figures = {
    flashDataBytes: module.dataBytes,
    ramBytes: module.ramBytes,
    arenaBytes: module.arenaBytes,
    flags: compilerFlags(options.cpu, options.floatAbi),
    licence: model.licence,
  };
  const source = `/* Written by earshot; see ${prefix}.h. */\n#include "${prefix}.h"\n\n#include <string.h>\n\n${body}\n`;
  return {
    files: [
      { name: `${prefix}.h`, text: headerText(parts, figures) },
      { name: `${prefix}.c`, text: source },
    ],
    flashDataBytes: module.dataBytes,
    ramBytes: module.ramBytes,
    arenaBytes: module.arenaBytes,
    parts,
  };
}
