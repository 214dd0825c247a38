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
  /** What the scores are made from, where those are integers. */
  readonly logits?: CPlace;
  /** Carried from run to run. */
  readonly states: readonly CPlace[];
  /** Rows of scores that each phase of the network gives. */
  readonly phaseResults: readonly number[];
  /** A network that hears one step after another. */
  readonly stream?: {
    /** Rows of features in a step, and how many of the first are zeros. */
    readonly chunk: number;
    readonly lead: number;
    readonly phases: number;
    /** First step that gives scores of which nothing comes from before the stream. */
    readonly firstResult: number;
    /** States that are set back before a step. */
    readonly starts: readonly { readonly state: string; readonly step: number; readonly value: number }[];
  };
  readonly frontend?: {
    readonly window: number;
    readonly hop: number;
    readonly skipped: number;
    readonly padding: number;
    readonly audio: string;
    readonly frame: string;
    /** Features of a frame. */
    readonly values: number;
    /** Carried from frame to frame. */
    readonly states: readonly CPlace[];
    /** Whether it is a file of its own. */
    readonly separate: boolean;
  };
}

/** Value that states start as: zero, or the integer that stands for it. */
function zeroOf({ quantization }: TensorType): number {
  return quantization?.zeroPoint[0] ?? 0;
}

/** A statement that sets all elements of a tensor back. */
export function clearing(place: CPlace, zero = zeroOf(place.type)): string {
  if (zero === 0 || place.element === "int8_t" || place.element === "uint8_t")
    return `  memset(${place.text}, ${zero}, sizeof ${place.text});`;
  const count = sizeOf(place.type.shape);
  return `  {\n    int32_t i;\n    for (i = 0; i < ${count}; i++) ${place.text}[i] = ${zero};\n  }`;
}

/** Definitions of what the headers declare: all in one file, or the front end in a file of its own. */
export function publicCode(parts: PublicParts): string {
  const { prefix, labels, input, output, states, frontend, stream } = parts;
  const names = labels.map((l) => JSON.stringify(l)).join(", ");
  const reset = [clearing(input), ...states.map((s) => clearing(s))];
  if (frontend) reset.push(frontend.separate ? `  ${prefix}_featurizer_reset();` : frontendReset(parts));
  if (stream) reset.push(`  progress[0] = ${stream.lead};`, "  progress[1] = 0;");
  if (frontend && frontend.padding >= frontend.window) {
    // Whole frames of zeros stand before the first sample.
    reset.unshift("  static const int16_t zero = 0;", "  int32_t i;");
    reset.push(`  for (i = 0; i < ${frontend.padding}; i++) (void)${prefix}_feed(&zero, 1);`);
  }
  const width = sizeOf(output.type.shape) / output.type.shape[0]!;
  const most = Math.max(...parts.phaseResults);
  const newest = most > 1 ? `${output.text} + ${(most - 1) * width}` : output.text;
  const { logits } = parts;
  const code = [
    ...(labels.length > 0 ? [`const char *const ${prefix}_labels[${labels.length}] = {${names}};`] : []),
    networkCode(parts, newest, width),
    ...(frontend && !frontend.separate ? [frameCode(parts, "static const float *next_frame")] : []),
    `void ${prefix}_reset(void) {\n${reset.join("\n")}\n}`,
    `${input.element} *${prefix}_features(void) { return ${input.text}; }`,
    `const ${output.element} *${prefix}_run(void) {\n  (void)network();\n  return ${newest};\n}`,
    `const ${output.element} *${prefix}_scores(void) { return ${newest}; }`,
  ];
  if (logits) {
    const first = sizeOf(logits.type.shape) - width;
    code.push(`const ${logits.element} *${prefix}_logits(void) { return ${logits.text}${first > 0 ? ` + ${first}` : ""}; }`);
  }
  if (frontend) code.push(stream ? streamingFeed(parts) : clipFeed(parts));
  return code.join("\n\n");
}

/** Definitions of what the header of a front end with a file of its own declares. */
export function featurizerCode(parts: PublicParts): string {
  const { prefix } = parts;
  return [
    `void ${prefix}_featurizer_reset(void) {\n${frontendReset(parts)}\n}`,
    frameCode(parts, `const float *${prefix}_frame`),
  ].join("\n\n");
}

/** Zeros before the first sample are the beginning of its window. */
function frontendReset({ frontend }: PublicParts): string {
  const { padding, window, skipped, states } = frontend!;
  return [
    "  memset(window, 0, sizeof window);",
    ...states.map((state) => clearing(state)),
    `  fill[0] = ${padding < window ? padding : 0};`,
    `  fill[1] = ${skipped};`,
  ].join("\n");
}

/** One run, or one step of the phase that is due; gives how many results there are now. */
export function networkCode(
  { stream, states, phaseResults, output }: Pick<PublicParts, "stream" | "states" | "phaseResults" | "output">,
  newest: string,
  width: number,
): string {
  if (!stream) return `static int32_t network(void) {\n  network_0();\n  return 1;\n}`;
  const lines = stream.starts.map(({ state, step, value }) => {
    const place = states.find((s) => s.text === `network_${state.replace(/[^A-Za-z0-9_]/g, "_")}`);
    return place ? `  if (progress[1] == ${step}) {\n  ${clearing(place, value).trimStart()}\n  }` : "";
  });
  const most = Math.max(...phaseResults);
  const last = Math.max(stream.firstResult, ...stream.starts.map((s) => s.step)) + 1;
  // Steps are counted up to where nothing depends on their number any more, then within one round of the phases.
  const wrap = Math.ceil(last / stream.phases) * stream.phases;
  const cases = phaseResults.map((results, i) => {
    const move =
      results > 0 && results < most
        ? `\n      memmove(${newest}, ${output.text} + ${(results - 1) * width}, ${width} * sizeof *${output.text});`
        : "";
    return `    case ${i}:\n      network_${i}();${move}\n      results = ${results};\n      break;`;
  });
  return `static int32_t network(void) {
  int32_t results = 0;
${lines.filter((l) => l !== "").join("\n")}
  switch (progress[1] % ${stream.phases}) {
${cases.join("\n")}
    default:
      break;
  }
  if (progress[1] < ${stream.firstResult}) results = 0;
  if (++progress[1] >= ${wrap + stream.phases}) progress[1] = ${wrap};
  return results;
}`;
}

/** Samples go into a window; when it is full, its features are computed and given. */
function frameCode({ frontend }: PublicParts, declarator: string): string {
  const { window, hop, audio, frame } = frontend!;
  const kept = Math.max(0, window - hop);
  const skipped = Math.max(0, hop - window);
  const skip = `  if (fill[1] > 0) {
    part = fill[1] < *count ? fill[1] : *count;
    fill[1] -= part;
    *samples += part;
    *count -= part;
  }
`;
  return `${declarator}(const int16_t **samples, int32_t *count) {
  int32_t i, part;
${skipped > 0 || frontend!.skipped > 0 ? skip : ""}  part = ${window} - fill[0];
  if (part > *count) part = *count;
  memcpy(window + fill[0], *samples, (size_t)part * sizeof **samples);
  fill[0] += part;
  *samples += part;
  *count -= part;
  if (fill[0] < ${window}) return 0;
  for (i = 0; i < ${window}; i++) ${audio}[i] = (float)window[i] * (1.0f / 32768.0f);
  frontend();
${kept > 0 ? `  memmove(window, window + ${window - kept}, ${kept} * sizeof *window);\n` : ""}  fill[0] = ${kept};
  fill[1] = ${skipped};
  return ${frame};
}`;
}

/** Takes frame after frame from the samples; \`behind\` says what is done with each. */
function feedCode({ prefix, frontend }: PublicParts, behind: string): string {
  const next = frontend!.separate ? `${prefix}_frame` : "next_frame";
  return `int32_t ${prefix}_feed(const int16_t *samples, int32_t count) {
  const float *frame;
  int32_t made = 0;
  while ((frame = ${next}(&samples, &count)) != 0) {
${behind}
  }
  return made;
}`;
}

/** The frame goes behind the newest rows of the features. */
function clipFeed(parts: PublicParts): string {
  const { text, type } = parts.input;
  const { values } = parts.frontend!;
  const rows = sizeOf(type.shape) / values;
  const move = rows > 1 ? `    memmove(${text}, ${text} + ${values}, ${(rows - 1) * values} * sizeof *${text});\n` : "";
  return feedCode(parts, `${move}    memcpy(${text} + ${(rows - 1) * values}, frame, ${values} * sizeof *frame);\n    made++;`);
}

/** The frame is the next row of a step, and the network runs when its rows are there. */
function streamingFeed(parts: PublicParts): string {
  const { text } = parts.input;
  const { values } = parts.frontend!;
  const { chunk } = parts.stream!;
  return feedCode(
    parts,
    `    memcpy(${text} + progress[0] * ${values}, frame, ${values} * sizeof *frame);
    if (++progress[0] < ${chunk}) continue;
    progress[0] = 0;
    made += network();`,
  );
}
