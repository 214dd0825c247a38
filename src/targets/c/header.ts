import { sizeOf } from "../../graph/types.js";
import { floatLiteral } from "./arrays.js";
import type { CPlace, PublicParts } from "./public_code.js";

/** What the header says of an export's size. */
export interface ExportFigures {
  readonly flashDataBytes: number;
  readonly ramBytes: number;
  readonly arenaBytes: number;
  /** Options for the compiler that name the core. */
  readonly flags: readonly string[];
  readonly licence: string;
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

/** PREFIX.h. */
export function headerText(parts: PublicParts, figures: ExportFigures): string {
  const { prefix, macro, labels, rate, input, output, frontend, stream } = parts;
  const streams = stream !== undefined;
  const lines = [
    `/*`,
    ` * Keyword spotter written by earshot.`,
    ` * flash: ${bytes(figures.flashDataBytes)} of weights and tables, and the code`,
    ` * RAM:   ${bytes(figures.ramBytes)}, all of it static; ${bytes(figures.arenaBytes)} of them the layers share`,
    ...(figures.flags.length > 0 ? [` * compile with ${figures.flags.join(" ")} -O2`] : []),
    ` * Nothing is allocated, no function keeps an array on the stack; not to be called from two threads at once.`,
    ` *`,
    ...figures.licence.split("\n").map((l) => ` * ${l.replace(/\*\//g, "* /")}`.trimEnd()),
    ` */`,
    `#ifndef ${macro}_H`,
    `#define ${macro}_H`,
    ``,
    `#include <stdint.h>`,
    ``,
    `#ifdef __cplusplus`,
    `extern "C" {`,
    `#endif`,
    ``,
    `#define ${macro}_LABELS ${labels.length}`,
    `#define ${macro}_SAMPLE_RATE ${rate}`,
    `#define ${macro}_FEATURES ${sizeOf(input.type.shape)}`,
    `#define ${macro}_SCORES ${sizeOf(output.type.shape) / output.type.shape[0]!}`,
    `#define ${macro}_RAM_BYTES ${figures.ramBytes}`,
    `#define ${macro}_FLASH_DATA_BYTES ${figures.flashDataBytes}`,
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
      `#define ${macro}_WINDOW ${frontend.window} /* samples of a frame */`,
      `#define ${macro}_HOP ${frontend.hop} /* samples from one frame to the next */`,
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
    `/* Scores [${output.type.shape.join(", ")}] of the last run, one a label. */`,
    `const ${output.element} *${prefix}_scores(void);`,
    ...(parts.logits
      ? [``, `/* What the scores were made from. */`, `const ${parts.logits.element} *${prefix}_logits(void);`]
      : []),
    ``,
    `#ifdef __cplusplus`,
    `}`,
    `#endif`,
    ``,
    `#endif`,
  );
  return `${lines.join("\n")}\n`;
}
