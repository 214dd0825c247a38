import { sizeOf, type TensorType } from "../../graph/types.js";

/** A tensor in C. */
export interface CPlace {
  readonly text: string;
  readonly element: string;
  readonly type: TensorType;
}

/** What the public functions of an export are made from. */
export interface PublicParts {
  readonly prefix: string;
  /** Begins the header's macros. */
  readonly macro: string;
  readonly labels: readonly string[];
  readonly rate: number;
  /** Features that the network takes, and the scores that it gives. */
  readonly input: CPlace;
  readonly output: CPlace;
  /** Carried from run to run; a network that has some streams. */
  readonly states: readonly CPlace[];
  readonly frontend?: {
    readonly window: number;
    readonly hop: number;
    readonly padding: number;
    readonly audio: string;
    readonly frame: string;
    /** Features of a frame. */
    readonly values: number;
  };
}

/** Value that states start as: zero, or the integer that stands for it. */
function zeroOf({ quantization }: TensorType): number {
  return quantization?.zeroPoint[0] ?? 0;
}

function clearing(place: CPlace): string {
  const zero = zeroOf(place.type);
  if (zero === 0 || place.element === "int8_t" || place.element === "uint8_t")
    return `  memset(${place.text}, ${zero}, sizeof ${place.text});`;
  const count = sizeOf(place.type.shape);
  return `  {\n    int32_t i;\n    for (i = 0; i < ${count}; i++) ${place.text}[i] = ${zero};\n  }`;
}

/** Definitions of what the header declares. */
export function publicCode(parts: PublicParts): string {
  const { prefix, labels, input, output, states, frontend } = parts;
  const names = labels.map((l) => JSON.stringify(l)).join(", ");
  const streams = states.length > 0;
  const reset = [clearing(input), ...states.map(clearing)];
  if (frontend)
    reset.push("  memset(window, 0, sizeof window);", `  fill[0] = ${frontend.padding % frontend.window};`, "  fill[1] = 0;");
  if (streams) reset.push("  pending[0] = 0;");
  const code = [
    ...(labels.length > 0 ? [`const char *const ${prefix}_labels[${labels.length}] = {${names}};`] : []),
    `void ${prefix}_reset(void) {\n${reset.join("\n")}\n}`,
    `${input.element} *${prefix}_features(void) { return ${input.text}; }`,
    `const ${output.element} *${prefix}_run(void) {\n  network();\n  return ${output.text};\n}`,
    `const ${output.element} *${prefix}_scores(void) { return ${output.text}; }`,
  ];
  if (frontend) code.push(feedCode(parts, streams));
  return code.join("\n\n");
}

/**
 * Samples go into a window; when it is full its frame goes behind the newest rows of the features. A streaming network runs when all
 * its rows are new.
 */
function feedCode({ prefix, input, frontend }: PublicParts, streams: boolean): string {
  const { window, hop, audio, frame, values } = frontend!;
  const rows = sizeOf(input.type.shape) / values;
  const kept = Math.max(0, window - hop);
  const skipped = Math.max(0, hop - window);
  const move =
    rows > 1 ? `    memmove(${input.text}, ${input.text} + ${values}, ${(rows - 1) * values} * sizeof *${input.text});\n` : "";
  const step = streams
    ? `    if (++pending[0] < ${rows}) continue;
    pending[0] = 0;
    network();
    made++;`
    : "    made++;";
  return `int32_t ${prefix}_feed(const int16_t *samples, int32_t count) {
  int32_t made = 0;
  while (count > 0) {
    int32_t i, part;
    if (fill[1] > 0) {
      part = fill[1] < count ? fill[1] : count;
      fill[1] -= part;
      samples += part;
      count -= part;
      continue;
    }
    part = ${window} - fill[0];
    if (part > count) part = count;
    memcpy(window + fill[0], samples, (size_t)part * sizeof *samples);
    fill[0] += part;
    samples += part;
    count -= part;
    if (fill[0] < ${window}) break;
    for (i = 0; i < ${window}; i++) ${audio}[i] = (float)window[i] * (1.0f / 32768.0f);
    frontend();
    memmove(window, window + ${window - kept}, ${kept} * sizeof *window);
    fill[0] = ${kept};
    fill[1] = ${skipped};
${move}    memcpy(${input.text} + ${(rows - 1) * values}, ${frame}, ${values} * sizeof *${frame});
${step}
  }
  return made;
}`;
}
