import * as v from "valibot";
import { FormatError, invariant, UsageError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { nearest } from "../base/nearest.js";
import { readBounded } from "../base/read_file.js";
import { GraphBuilder } from "../graph/builder.js";
import { type Graph, tensor } from "../graph/types.js";
import { ell, ellSchema } from "./ell.js";
import { frames, framesSchema } from "./frames.js";
import { librosaMel, librosaMelSchema } from "./librosa_mel.js";
import { logMel, logMelSchema, logMelStack } from "./log_mel.js";
import { mfccOp, mfccOpSchema } from "./mfcc_op.js";
import { micro, microSchema } from "./micro.js";
import { mfccTf, mfccTfSchema } from "./mfcc_tf.js";
import type { SoundShape } from "./options.js";

/** A front end with all its options: what is written to disk as JSON. */
export type FrontendDescription =
  | v.InferOutput<typeof mfccTfSchema>
  | v.InferOutput<typeof mfccOpSchema>
  | v.InferOutput<typeof logMelSchema>
  | v.InferOutput<typeof framesSchema>
  | v.InferOutput<typeof ellSchema>
  | v.InferOutput<typeof librosaMelSchema>
  | v.InferOutput<typeof microSchema>;

/** A front end as a user writes it: options left out have their defaults. */
export type FrontendInput =
  | v.InferInput<typeof mfccTfSchema>
  | v.InferInput<typeof mfccOpSchema>
  | v.InferInput<typeof logMelSchema>
  | v.InferInput<typeof framesSchema>
  | v.InferInput<typeof ellSchema>
  | v.InferInput<typeof librosaMelSchema>
  | v.InferInput<typeof microSchema>;

const schemas = {
  mfcc_tf: mfccTfSchema,
  mfcc_op: mfccOpSchema,
  log_mel: logMelSchema,
  frames: framesSchema,
  ell: ellSchema,
  librosa_mel: librosaMelSchema,
  micro: microSchema,
};

/** Kinds of front end. */
export const frontendKinds = Object.keys(schemas) as readonly (keyof typeof schemas)[];

function kindOf(value: unknown): keyof typeof schemas | undefined {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  return frontendKinds.find((known) => known === kind);
}

interface Fault {
  readonly place: string;
  readonly found: string;
  readonly remedy: string;
}

/** The value at the place of an issue, shortened. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function faultOf(kind: keyof typeof schemas, issue: v.BaseIssue<unknown>): Fault {
  const name = String(issue.path?.[0]?.key ?? "");
  const known = Object.keys(schemas[kind].entries);
  if (issue.type === "strict_object" || !known.includes(name)) {
    const close = nearest(name, known);
    return {
      place: `option ${name}`,
      found: `${kind} has no such option`,
      remedy: `${close ? `did you mean ${close}? ` : ""}options are ${known.slice(1).join(", ")}`,
    };
  }
  return { place: `option ${name}`, found: `found ${shown(issue.input)}`, remedy: issue.message };
}

function read(value: unknown): FrontendDescription | Fault {
  const kind = kindOf(value);
  if (!kind) {
    const found = typeof value === "object" && value !== null && "kind" in value ? shown(value.kind) : "none";
    return { place: "option kind", found: `found ${found}`, remedy: `must be one of ${frontendKinds.join(", ")}` };
  }
  const parsed = v.safeParse(schemas[kind] as v.GenericSchema<unknown, FrontendDescription>, value, { abortEarly: true });
  return parsed.success ? parsed.output : faultOf(kind, parsed.issues[0]);
}

/**
 * Fills in the defaults and checks every option.
 * @throws UsageError naming the option, what was found and what there is
 */
export function describeFrontend(input: FrontendInput): FrontendDescription {
  const result = read(input);
  if ("place" in result) throw new UsageError(`front end: ${result.place}: ${result.found}; ${result.remedy}`);
  return result;
}

/** Largest description in characters. */
const longestDescription = 65536;

/**
 * Reads a description, `{ "kind": "log_mel", ... }`.
 * @param json the text of the file
 * @param file its name, for errors
 * @throws FormatError naming the option, what was found and what to do
 */
export function parseFrontend(json: string, file: string): FrontendDescription {
  if (json.length > longestDescription)
    throw new FormatError(file, "size", `${json.length} characters`, "a front end is a JSON object of a few options");
  const value = parseJsonText(json, file, `write a JSON object such as {"kind": "${frontendKinds[0]}"}`);
  const result = read(value);
  if ("place" in result) throw new FormatError(file, result.place, result.found, result.remedy);
  return result;
}

/**
 * Reads a description from a file.
 * @throws UserError where it cannot be read, FormatError as `parseFrontend`
 */
export async function readFrontend(file: string): Promise<FrontendDescription> {
  const bytes = await readBounded(file, 4 * longestDescription, "a front end is a JSON object of a few options");
  return parseFrontend(new TextDecoder().decode(bytes), file);
}

/**
 * The graph of a front end.
 * @param sound samples of a clip and their rate in hertz
 * @returns graph "audio" [1, samples], f32 in [-1, 1) -> "features" [1, frames, features]; typed again for other batches
 * @throws UsageError naming the option that does not fit the sound
 */
export function buildFrontend(description: FrontendDescription, sound: SoundShape): Graph {
  if (description.kind === "mfcc_tf") return mfccTf(description, sound);
  if (description.kind === "mfcc_op") return mfccOp(description, sound);
  if (description.kind === "frames") return frames(description, sound);
  if (description.kind === "ell") return ell(description, sound);
  if (description.kind === "micro") return micro(description, sound);
  if (description.kind === "librosa_mel") return librosaMel(description, sound);
  return logMel(description, sound);
}

/** One second at 16 kHz. */
export const oneSecond: SoundShape = { samples: 16000, rate: 16000 };

/**
 * What an archive of this front end's features holds: log_mel without the stack on top of its logarithms, the others as they are.
 */
export function archivedDescription(description: FrontendDescription): FrontendDescription {
  if (description.kind !== "log_mel") return description;
  return { ...description, frameStep: 1, scale: 1, offset: 0, dctCoefficients: 0 };
}

/**
 * The part of a front end behind an archive (see `archivedDescription`): for log_mel the stack, for the others a copy.
 * @returns graph "archived" [1, frames, values], f32 -> "features" [1, frames, features]
 * @throws UsageError naming the option that does not fit the sound
 */
export function archiveStack(description: FrontendDescription, sound: SoundShape = oneSecond): Graph {
  if (description.kind === "log_mel") return logMelStack(description, sound);
  const { frames, features } = featureShape(description, sound);
  const builder = new GraphBuilder("copy");
  const archived = builder.input("archived", tensor("f32", [1, frames, features]));
  builder.output("features", builder.op("affine", [archived], { scale: 1, offset: 0 }));
  return builder.finish();
}

/** The frames and features of each that a front end gives for a sound. */
export function featureShape(description: FrontendDescription, sound: SoundShape): { frames: number; features: number } {
  const [output] = buildFrontend(description, sound).outputs;
  invariant(output, "a front end without output");
  const [, frames, features] = output.value.type.shape as [number, number, number];
  return { frames, features };
}
