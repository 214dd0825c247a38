import { UserError } from "../../base/errors.js";
import type { Model } from "../../formats/model.js";
import { type Graph, sizeOf } from "../../graph/types.js";
import { optimize } from "../../passes/optimize.js";
import { floatLiteral } from "./arrays.js";
import { framewise } from "./framewise.js";
import { guarded } from "./header.js";
import { CModule } from "./module.js";
import { addNetwork, networkOf } from "./network.js";
import { clearing, networkCode } from "./public_code.js";

/** How a module is called, and what it says about itself. */
export interface EllNames {
  /** Begins every symbol: "mfcc". */
  readonly module: string;
  /** The function that computes: "Filter". */
  readonly function: string;
  /** What MODULE_GetMetadata answers. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A module with the interface of ELL's compiler, in C99. */
export interface EllModule {
  /** For C and C++. */
  readonly header: string;
  /** Whole by itself: it does not include the header. */
  readonly source: string;
  /** Floats that the function takes and gives. */
  readonly inputs: number;
  readonly outputs: number;
}

/** Code and sizes of a module before its interface is put around them. */
interface Inside {
  readonly module: CModule;
  readonly inputs: number;
  readonly outputs: number;
  readonly nodes: number;
  /** Functions beside the interface. */
  readonly code: readonly string[];
  /** Declarations and statements that take `input` and write `output`. */
  readonly locals: string;
  readonly compute: string;
  readonly reset: string;
  readonly comment: string;
}

/** Shape of an input or output, as ELL has it. */
const tensorShape = `#ifndef ELL_TensorShape
#define ELL_TensorShape
typedef struct TensorShape {
  int32_t rows;
  int32_t columns;
  int32_t channels;
} TensorShape;
#endif`;

/**
 * A front end as a module that takes a hop of samples and gives a frame of features. Samples are floats: whole numbers of 16 bits, or in
 * [-1, 1] where `autoScale`. Before the first one there are zeros, and no frame is left out.
 * @param frontend "audio" [1, samples] -> "features", which does not skip samples at its beginning
 * @throws UserError where it cannot run frame by frame, or the names are none of C
 */
export function ellFeaturizer(frontend: Graph, autoScale: boolean, names: EllNames): EllModule {
  const { graph, window, hop } = framewise(frontend);
  const module = new CModule();
  const made = module.add("frontend", optimize(graph), new Map());
  const features = made.place("features");
  const audio = made.place("audio").text;
  const outputs = sizeOf(features.type.shape);
  module.variable("samples", "float", window, 4);
  const kept = window - hop;
  const scale = autoScale ? "input[i]" : `input[i] * ${floatLiteral(1 / 32768)}`;
  const compute = [
    ...(kept > 0 ? [`  memmove(samples, samples + ${hop}, ${kept} * sizeof *samples);`] : []),
    `  for (i = 0; i < ${hop}; i++) samples[${kept} + i] = ${scale};`,
    `  memcpy(${audio}, samples, sizeof samples);`,
    `  frontend();`,
    `  memcpy(output, ${features.text}, ${outputs} * sizeof *output);`,
  ].join("\n");
  const reset = `  memset(samples, 0, sizeof samples);`;
  const nodes = graph.nodes.length;
  return around(
    { module, inputs: hop, outputs, nodes, code: [], locals: "  int32_t i;\n", compute, reset, comment: "Front end" },
    names,
  );
}

/**
 * A model as a module that takes a frame of features and gives the probability of each label; what it has heard goes on from frame to frame.
 * @throws UserError where the network cannot hear frame by frame, or the names are none of C
 */
export function ellNetwork(model: Pick<Model, "graph" | "parameters">, names: EllNames): EllModule {
  const module = new CModule();
  const network = networkOf(model, true, { form: "context", hops: 1 });
  const parts = addNetwork(module, network);
  const { input, output, states, phaseResults, stream } = parts;
  if (stream === undefined || stream.chunk !== 1 || stream.phases !== 1)
    throw new UserError(`the network gives no result for every frame; export it with 'earshot export --to c'`);
  module.variable("progress", "int32_t", 2, 4);
  const most = Math.max(...phaseResults);
  const width = sizeOf(output.type.shape) / (output.type.shape[0] as number);
  const newest = most > 1 ? `${output.text} + ${(most - 1) * width}` : output.text;
  const inputs = sizeOf(input.type.shape);
  const compute = [
    `  memcpy(${input.text}, input, ${inputs} * sizeof *input);`,
    `  (void)network();`,
    `  memcpy(output, ${newest}, ${width} * sizeof *output);`,
  ].join("\n");
  const reset = [clearing(input), ...states.map((state) => clearing(state)), `  progress[0] = 0;`, `  progress[1] = 0;`].join(
    "\n",
  );
  const nodes = network.phases.reduce((sum, phase) => sum + phase.nodes.length, 0);
  const code = [networkCode({ output, states, phaseResults, stream }, newest, width)];
  return around({ module, inputs, outputs: width, nodes, code, locals: "", compute, reset, comment: "Classifier" }, names);
}

function around(inside: Inside, names: EllNames): EllModule {
  for (const name of [names.module, names.function])
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name.length > 64) throw new UserError(`${JSON.stringify(name)} is no C name`);
  const { module, inputs, outputs, locals, compute, reset, code } = inside;
  const prefix = names.module;
  const signature = `void ${prefix}_${names.function}(void *context, float *input, float *output)`;
  const size = (kind: string, count: number): string =>
    `int32_t ${prefix}_Get${kind}Size(int32_t index) { return index == 0 ? ${count} : 0; }`;
  const shape = (kind: string, count: number): string =>
    `void ${prefix}_Get${kind}Shape(int32_t index, TensorShape *shape) {
  shape->rows = index == 0 ? ${count} : 0;
  shape->columns = index == 0 ? 1 : 0;
  shape->channels = index == 0 ? 1 : 0;
}`;
  const functions = [
    ...code,
    `${signature} {\n${locals}  (void)context;\n${compute}\n}`,
    `void ${prefix}_Reset(void) {\n${reset}\n}`,
    size("Input", inputs),
    size("Output", outputs),
    `int32_t ${prefix}_GetNumNodes(void) { return ${inside.nodes}; }`,
    shape("Input", inputs),
    shape("Output", outputs),
    metadataCode(names),
  ];
  const source = `/* Written by earshot: ${inside.comment.toLowerCase()} with the interface of ELL's compiler. */
#include <stdint.h>
#include <string.h>

${tensorShape}

${module.text(functions.join("\n\n"))}
`;
  return { header: headerOf(inside, names, signature), source, inputs, outputs };
}

function metadataCode({ module, metadata }: EllNames): string {
  const lines = Object.entries(metadata).map(
    ([key, value]) => `  if (strcmp(key, ${JSON.stringify(key)}) == 0) return (char *)${JSON.stringify(value)};`,
  );
  return `char *${module}_GetMetadata(char *key) {\n${lines.length === 0 ? "  (void)key;" : lines.join("\n")}\n  return (char *)"";\n}`;
}

function headerOf({ module, inputs, outputs, comment }: Inside, names: EllNames, signature: string): string {
  const prefix = names.module;
  const isFeaturizer = comment === "Front end";
  const declarations = [
    tensorShape,
    ``,
    `/* Input: ${inputs} floats${isFeaturizer ? ", the samples of a hop" : ", the features of a frame"}. Output: ${outputs} floats${isFeaturizer ? ", the features of a frame" : ", a probability each label"}. context may be 0. */`,
    `${signature};`,
    ``,
    `/* Forgets everything. */`,
    `void ${prefix}_Reset(void);`,
    ``,
    `/* 0 where there is no such input or output. */`,
    `int32_t ${prefix}_GetInputSize(int32_t index);`,
    `int32_t ${prefix}_GetOutputSize(int32_t index);`,
    `int32_t ${prefix}_GetNumNodes(void);`,
    `void ${prefix}_GetInputShape(int32_t index, TensorShape *shape);`,
    `void ${prefix}_GetOutputShape(int32_t index, TensorShape *shape);`,
    `char *${prefix}_GetMetadata(char *key);`,
  ];
  const text = [
    `/*`,
    ` * ${comment} of a keyword spotter, written by earshot with the interface of ELL's compiler.`,
    ` * ${module.dataBytes.toLocaleString("en-US")} bytes of constants, ${module.ramBytes.toLocaleString("en-US")} bytes of static memory; one instance, not to be called from two threads at once.`,
    ` */`,
    ...guarded(`${prefix.toUpperCase()}_ELL_H`, ["<stdint.h>"], declarations),
    ``,
    ...wrapperClass(names),
  ];
  return `${text.join("\n")}\n`;
}

/** A class around the functions, left out where MODULE_WRAPPER_DEFINED is defined. */
function wrapperClass({ module, function: name }: EllNames): string[] {
  const guard = `${module.toUpperCase()}_WRAPPER_DEFINED`;
  const title = module.charAt(0).toUpperCase() + module.slice(1);
  return [
    `#if defined(__cplusplus) && !defined(${guard})`,
    `#define ${guard}`,
    `class ${title}Wrapper {`,
    `public:`,
    `  void ${name}(float *input, float *output) { ${module}_${name}(nullptr, input, output); }`,
    `  void Reset() { ${module}_Reset(); }`,
    `  int32_t GetInputSize(int32_t index = 0) const { return ${module}_GetInputSize(index); }`,
    `  int32_t GetOutputSize(int32_t index = 0) const { return ${module}_GetOutputSize(index); }`,
    `};`,
    `#endif`,
  ];
}
