import { sizeOf } from "../../graph/types.js";
import { floatLiteral } from "./arrays.js";
import type { CompiledCode } from "./cross_compiler.js";
import type { CPlace, PublicParts } from "./public_code.js";

/** What the header says of an export's size. */
export interface ExportFigures {
  readonly flashDataBytes: number;
  readonly ramBytes: number;
  readonly arenaBytes: number;
  /** Options for the compiler that name the core. */
  readonly flags: readonly string[];
  readonly licence: string;
  /** What a compiler made of it with -O2, where there was one. */
  readonly compiled?: CompiledCode | undefined;
}

function quantizationText({ macro }: PublicParts, name: string, { type }: CPlace): string[] {
  const q = type.quantization;
  if (!q || type.dtype === "f32") return [];
  return [
    `/* value = scale * (stored - zero) */`,
    `#define ${macro}_${name}_SCALE ${floatLiteral(Math.fround(q.scale[0]!))}`,
    `#define ${macro}_${name}_ZERO ${q.zeroPoint[0] ?? 0}`,
  ];
}

const bytes = (n: number): string => `${n.toLocaleString("en-US")} bytes`;

/** What the program takes: exactly where a compiler has seen it. */
function sizeLines(figures: ExportFigures): string[] {
  const { compiled, flashDataBytes } = figures;
  const flash = compiled
    ? `${bytes(compiled.flashBytes)}: ${bytes(compiled.flashBytes - flashDataBytes)} of code, ${bytes(flashDataBytes)} of weights and tables`
    : `${bytes(flashDataBytes)} of weights and tables, and the code`;
  return [
    ` * flash: ${flash}`,
    ` * RAM:   ${bytes(figures.ramBytes)}, all of it static; ${bytes(figures.arenaBytes)} of them the layers share`,
    ...(compiled ? [` * stack: ${bytes(compiled.stackBytes)}, without what memcpy and the compiler's own functions take`] : []),
    ...(figures.flags.length > 0 ? [` * compile with ${figures.flags.join(" ")} -O2`] : []),
  ];
}

/** Lines before and behind declarations that make them a header for C and C++. */
export function guarded(guard: string, includes: readonly string[], lines: readonly string[]): string[] {
  return [
    `#ifndef ${guard}`,
    `#define ${guard}`,
    ``,
    ...includes.map((name) => `#include ${name}`),
    ``,
    `#ifdef __cplusplus`,
    `extern "C" {`,
    `#endif`,
    ``,
    ...lines,
    ``,
    `#ifdef __cplusplus`,
    `}`,
    `#endif`,
    ``,
    `#endif`,
  ];
}

/** featurizer.h. */
export function featurizerHeader({ prefix, macro, frontend }: PublicParts): string {
  const { window, hop, values } = frontend!;
  const lines = [
    `#define ${macro}_WINDOW ${window} /* samples of a frame */`,
    `#define ${macro}_HOP ${hop} /* samples from one frame to the next */`,
    `#define ${macro}_FRAME ${values} /* features of a frame */`,
    ``,
    `/* Forgets all sound. */`,
    `void ${prefix}_featurizer_reset(void);`,
    ``,
    `/*`,
    ` * Takes samples until a frame is complete, and gives its features; 0 where the samples do not suffice. Both arguments`,
    ` * are moved on to what is left: call it until it gives 0.`,
    ` */`,
    `const float *${prefix}_frame(const int16_t **samples, int32_t *count);`,
  ];
  const text = [`/* Front end of a keyword spotter, written by earshot; see model.h. */`];
  return `${[...text, ...guarded(`${macro}_FEATURIZER_H`, ["<stdint.h>"], lines)].join("\n")}\n`;
}

/** PREFIX.h, or model.h beside featurizer.h. */
export function headerText(parts: PublicParts, figures: ExportFigures): string {
  const comment = [
    `/*`,
    ` * Keyword spotter written by earshot.`,
    ...sizeLines(figures),
    ` * Nothing is allocated, no function keeps an array on the stack; not to be called from two threads at once.`,
    ` *`,
    ...figures.licence.split("\n").map((l) => ` * ${l.replace(/\*\//g, "* /")}`.trimEnd()),
    ` */`,
  ];
  const includes = parts.frontend?.separate ? [`"featurizer.h"`, "<stdint.h>"] : ["<stdint.h>"];
  return `${[...comment, ...guarded(`${parts.macro}_H`, includes, declarations(parts, figures))].join("\n")}\n`;
}

function declarations(parts: PublicParts, figures: ExportFigures): string[] {
  const { prefix, macro, labels, rate, input, output, frontend, stream } = parts;
  const streams = stream !== undefined;
  const { compiled } = figures;
  const [results, ...row] = output.type.shape as [number, ...number[]];
  // Of several results of a step the last row is handed over.
  const newest = streams ? [1, ...row] : output.type.shape;
  const lines = [
    `#define ${macro}_LABELS ${labels.length}`,
    `#define ${macro}_SAMPLE_RATE ${rate}`,
    `#define ${macro}_FEATURES ${sizeOf(input.type.shape)}`,
    `#define ${macro}_SCORES ${sizeOf(output.type.shape) / output.type.shape[0]!}`,
    `#define ${macro}_RAM_BYTES ${figures.ramBytes}`,
    `#define ${macro}_FLASH_DATA_BYTES ${figures.flashDataBytes}`,
    ...(compiled
      ? [`#define ${macro}_FLASH_BYTES ${compiled.flashBytes}`, `#define ${macro}_STACK_BYTES ${compiled.stackBytes}`]
      : []),
    ...quantizationText(parts, "FEATURE", input),
    ...quantizationText(parts, "SCORE", output),
    ...(parts.logits ? quantizationText(parts, "LOGIT", parts.logits) : []),
    ``,
    ...(labels.length > 0 ? [`extern const char *const ${prefix}_labels[${macro}_LABELS];`, ``] : []),
    `/* Forgets all sound; to be called once before anything else. */`,
    `void ${prefix}_reset(void);`,
  ];
  if (frontend) {
    lines.push(
      ``,
      ...(frontend.separate
        ? []
        : [
            `#define ${macro}_WINDOW ${frontend.window} /* samples of a frame */`,
            `#define ${macro}_HOP ${frontend.hop} /* samples from one frame to the next */`,
          ]),
      streams
        ? `/* Takes any number of samples; gives how many new scores they made, of which the newest is kept. */`
        : `/* Takes any number of samples; gives how many frames of features they completed. The last ${sizeOf(input.type.shape) / frontend.values} are kept. */`,
      `int32_t ${prefix}_feed(const int16_t *samples, int32_t count);`,
    );
  }
  lines.push(
    ``,
    `/* Features [${input.type.shape.join(", ")}], which the caller may write itself. */`,
    `${input.element} *${prefix}_features(void);`,
    ``,
    streams
      ? `/* One step of the network on the features; gives the scores. */`
      : `/* Runs the network on the features; gives the scores. */`,
    `const ${output.element} *${prefix}_run(void);`,
    ``,
    `/* Scores [${newest.join(", ")}] of the last run${streams && results > 1 ? `, the newest of its ${results} results` : ""}, one a label. */`,
    `const ${output.element} *${prefix}_scores(void);`,
    ...(parts.logits
      ? [``, `/* What the scores were made from. */`, `const ${parts.logits.element} *${prefix}_logits(void);`]
      : []),
  );
  return lines;
}
