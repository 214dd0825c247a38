import { UserError } from "../../base/errors.js";
import type { Model } from "../../formats/model.js";
import { typedNode } from "../../graph/infer.js";
import { type Graph, sizeOf } from "../../graph/types.js";
import { foldBatchNorm } from "../../passes/fold.js";
import { optimize } from "../../passes/optimize.js";
import { compilerFlags, type Cpu, type FloatAbi } from "./cpu.js";
import { framewise } from "./framewise.js";
import { headerText } from "./header.js";
import { CModule, type ParameterValues } from "./module.js";
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
}

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
export function exportC(model: Model, options: CExportOptions): CExport {
  const { prefix } = options;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(prefix) || prefix.length > longestPrefix)
    throw new UserError(`--prefix ${JSON.stringify(prefix)} is no C name of at most ${longestPrefix} letters, digits and _`);
  const module = new CModule();
  const { graph, parameters } = networkOf(model);
  const network = module.add("network", graph, parameters);
  const device = options.features === "device" ? framewise(model.frontend) : undefined;
  const frontend = device && module.add("frontend", optimize(device.graph), new Map());
  const input = network.place("features");
  const output = network.place("scores");
  const parts: PublicParts = {
    prefix,
    macro: prefix.toUpperCase(),
    labels: model.labels,
    rate: options.rate,
    input,
    output,
    states: network.states.map((name) => network.place(name)),
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
    if (input.element !== "float")
      throw new UserError("a network of integer features cannot take its front end along: --features none");
    module.variable("window", "int16_t", parts.frontend.window, 2);
    module.variable("fill", "int32_t", 2, 4);
  }
  if (parts.states.length > 0) module.variable("pending", "int32_t", 1, 4);
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

/** Audio or features to probabilities, with nothing left to do at run time that can be done now. */
function networkOf(model: Model): { graph: Graph; parameters: ParameterValues } {
  const folded = foldBatchNorm({ graph: model.graph, parameters: model.parameters });
  return { graph: optimize(withScores(folded.graph)), parameters: folded.parameters };
}

/** The graph with output "scores": the softmax of float logits, or the first output as it is. */
function withScores(graph: Graph): Graph {
  const [output, ...others] = graph.outputs;
  if (!output) throw new UserError(`graph ${graph.name} has no output`);
  if (output.value.type.dtype !== "f32" || output.name !== "logits")
    return { ...graph, outputs: [{ ...output, name: "scores" }, ...others] };
  const softmax = typedNode("softmax", [output.value], {}, undefined, (type) => ({ id: freshId(graph), type }));
  return { ...graph, nodes: [...graph.nodes, softmax], outputs: [{ name: "scores", value: softmax.outputs[0]! }, ...others] };
}

function freshId(graph: Graph): number {
  const values = [...graph.inputs, ...graph.parameters].map((v) => v.value);
  const made = graph.nodes.flatMap((n) => n.outputs);
  return 1 + Math.max(...[...values, ...made, ...graph.states.map((s) => s.input)].map((v) => v.id));
}
