import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { FormatError, UserError } from "../../base/errors.js";
import { parseJsonText } from "../../base/json.js";
import { readBounded } from "../../base/read_file.js";
import { writeFileSafely } from "../../formats/write_file.js";
import { type FrontendDescription, parseFrontend } from "../../frontend/frontend.js";

/** ELL's featurizer with its options. */
export type EllFrontend = Extract<FrontendDescription, { kind: "ell" }>;

/** A featurizer as make_featurizer leaves it. */
export interface Featurizer {
  /** Hz. */
  readonly rate: number;
  readonly frontend: EllFrontend;
}

const format = "earshot ELL featurizer";
const largest = 1 << 20;

/** Writes a featurizer as JSON, under the original's name. */
export async function writeFeaturizer(path: string, { rate, frontend }: Featurizer): Promise<void> {
  const content = { format, version: 1, sample_rate: rate, frontend };
  await writeFileSafely(path, new TextEncoder().encode(`${JSON.stringify(content, null, 2)}\n`));
}

/**
 * Reads a featurizer.
 * @param path its file, or FOLDER/MODULE as wrap left it
 * @throws UserError where there is none, FormatError where the file is none of ours
 */
export async function readFeaturizer(path: string): Promise<Featurizer> {
  const file = featurizerFile(path);
  const bytes = await readBounded(file, largest, "a featurizer is a JSON object of a few options");
  const value = parseJsonText(new TextDecoder().decode(bytes), file, "make it with 'earshot compat fastcells make_featurizer'");
  const table = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const { sample_rate: rate } = table;
  if (table["format"] !== format || typeof rate !== "number" || !Number.isInteger(rate) || rate < 1000 || rate > 768_000)
    throw new FormatError(
      file,
      "format",
      "no featurizer of earshot's",
      "make it anew with 'earshot compat fastcells make_featurizer' and the flags of the original",
    );
  const frontend = parseFrontend(JSON.stringify(table["frontend"]), file);
  if (frontend.kind !== "ell") throw new FormatError(file, "frontend", `kind ${frontend.kind}`, "a featurizer is of kind ell");
  return { rate, frontend };
}

/** Where ELL's tools look for a compiled module, too. */
const places = ["", "build", "build/release", "build/debug"];

function featurizerFile(path: string): string {
  if (existsSync(path) && statSync(path).isFile()) return path;
  const [folder, name] = [path.slice(0, path.lastIndexOf("/") + 1), path.slice(path.lastIndexOf("/") + 1)];
  const found = places.map((place) => join(folder, place, `${name}.ell`)).find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new UserError(`${path}: there is no such featurizer; give the .ell file of make_featurizer, or FOLDER/MODULE of wrap`);
}
