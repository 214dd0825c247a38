import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { UsageError, UserError } from "../base/errors.js";
import { parseJsonText } from "../base/json.js";
import { makeFolder } from "../base/make_folder.js";
import { readBounded } from "../base/read_file.js";
import { writeFileSafely } from "../formats/write_file.js";
import { voicesInside } from "../signal/voices.js";
import { shellWord } from "./output.js";
import { freeFolder, type QuickstartArguments } from "./quickstart_options.js";

/** What a quickstart was asked for, in its folder, so that it can go on. */
const settingsFile = "quickstart.json";
/** The run in its folder. */
export const runFolder = "run";
/** What `synthesizeDataset` writes last. */
const lastOfSpeech = "speakers.jsonl";
const largest = 1 << 16;

const schema = v.strictObject({
  words: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
  from: v.optional(v.string()),
  holdOut: v.optional(v.picklist(voicesInside)),
  steps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  perWord: v.optional(v.pipe(v.number(), v.integer(), v.minValue(12), v.maxValue(10_000))),
  seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1)),
  target: v.picklist(["native", "wasm", "oracle"]),
});
type Settings = v.InferOutput<typeof schema>;

/** A quickstart with the folder in which it works. */
export type Quickstart = Omit<QuickstartArguments, "target" | "out"> & Settings & { readonly folder: string };

/** How a stopped quickstart goes on. */
export function resumption(folder: string): string {
  return `go on with: earshot quickstart --resume ${shellWord(folder)}`;
}

/**
 * What a quickstart works by: its options, or, where it goes on, what it was asked for then.
 * @throws UserError where the folder to begin in has a quickstart, or the one to go on in has none; UsageError where what is written there is wrong
 */
export async function settle(options: QuickstartArguments): Promise<Quickstart> {
  const { resume, out, json } = options;
  if (resume !== undefined)
    return { ...(await readSettings(resume)), ...(json === undefined ? {} : { json }), resume, folder: resume };
  const folder = out ?? freeFolder("earshot-quickstart");
  if (existsSync(join(folder, settingsFile)) && existsSync(join(folder, "data")))
    throw new UserError(`${folder}: there is a quickstart in this folder; ${resumption(folder)}, or choose another --out`);
  const { defaultTarget } = await import("../engine/compile.js");
  const target = options.target === undefined || options.target === "auto" ? defaultTarget() : options.target;
  return { ...options, target, folder };
}

/** Whether a run is a quickstart's: what it makes of a trained model is lost where only the training goes on. */
export function isOfQuickstart(run: string): boolean {
  return basename(resolve(run)) === runFolder && existsSync(join(dirname(resolve(run)), settingsFile));
}

/** Makes the folder of a quickstart and writes there what it was asked for. */
export async function writeSettings(quickstart: Quickstart): Promise<void> {
  const { folder, resume, words, from, holdOut, steps, perWord, seed, target } = quickstart;
  if (resume !== undefined) return;
  await makeFolder(folder);
  const settings: Settings = { words, from, holdOut, steps, perWord, seed, target };
  await writeFileSafely(join(folder, settingsFile), new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`));
}

async function readSettings(folder: string): Promise<Settings> {
  const file = join(folder, settingsFile);
  if (!existsSync(file))
    throw new UserError(`${folder}: there is no ${settingsFile} in this folder; give the folder of an interrupted quickstart`);
  const text = new TextDecoder().decode(await readBounded(file, largest, "it has some lines"));
  const parsed = v.safeParse(schema, parseJsonText(text, file, "it is one JSON object"));
  if (parsed.success) return parsed.output;
  const [{ message, path = [] }] = parsed.issues;
  const option = path.map(({ key }) => String(key)).join(".");
  throw new UsageError(
    `${file}: option ${JSON.stringify(option)}: ${message}; put back what was there, or begin in a new folder`,
  );
}

/** Whether a quickstart that goes on has all of its clips. */
export function isSpoken({ resume }: Quickstart, data: string): boolean {
  return resume !== undefined && existsSync(join(data, lastOfSpeech));
}

/** Removes what a synthesis that was killed has left where a quickstart goes on; nothing else of the user's is there. */
export async function clearUnfinished({ resume }: Quickstart, data: string): Promise<void> {
  if (resume !== undefined) await rm(data, { recursive: true, force: true });
}
