import { UsageError } from "../../base/errors.js";
import { nearest } from "../../base/nearest.js";
import { flagHelp, parseFlags } from "../flags.js";
import { type BaseFlags, baseFlags } from "./base_flags.js";
import { type ModelName, modelFlags } from "./model_flags.js";

/** A command line of model_train_eval. */
export interface CommandLine {
  readonly base: BaseFlags;
  readonly model: ModelName;
  /** Flags of the model, by the original's names. */
  readonly options: Readonly<Record<string, string | number>>;
  /** Names of the base flags that were given. */
  readonly given: ReadonlySet<string>;
}

const program = "kws-streaming";

/** Switches of the original's logging library, without a value. */
const ignored = ["alsologtostderr", "logtostderr"];

/**
 * Reads base flags, model and model flags.
 * @returns undefined where help was asked for; then it was printed
 * @throws UsageError for what the original would not take
 */
export function readCommandLine(args: readonly string[], print: (line: string) => void): CommandLine | undefined {
  const before = parseFlags(baseFlags, args, { program, stopAtWord: true, ignored });
  const [model, ...after] = before.rest;
  const models = Object.keys(modelFlags) as ModelName[];
  if (before.help) {
    print(`earshot compat ${program} [flags] MODEL [flags of the model]\nmodels: ${models.join(", ")}\nflags:`);
    for (const line of flagHelp(baseFlags)) print(line);
    return undefined;
  }
  const known = models.find((name) => name === model);
  if (known === undefined) throw noModel(model, models);
  refuseMisplaced(known, after);
  const behind = parseFlags(modelFlags[known], after, { program: `${program} ${known}`, ignored, words: [] });
  if (behind.help) {
    print(`flags of ${known}:`);
    for (const line of flagHelp(modelFlags[known])) print(line);
    return undefined;
  }
  return { base: before.values, model: known, options: behind.values, given: before.given };
}

/** @throws UsageError for a base flag behind the model, where the original does not know it either */
function refuseMisplaced(model: ModelName, after: readonly string[]): void {
  const names = after.map((word) => /^--(\w+)/.exec(word)?.[1] ?? "");
  const misplaced = names.find((name) => name in baseFlags && !(name in modelFlags[model]));
  if (misplaced !== undefined) throw new UsageError(`${program} ${model}: --${misplaced} must stand before the model's name`);
}

function noModel(found: string | undefined, models: readonly string[]): UsageError {
  if (found === undefined) return new UsageError(`${program}: a model must stand behind the flags: ${models.join(", ")}`);
  const near = nearest(found, models);
  const advice = near === undefined ? `there are ${models.join(", ")}` : `did you mean ${near}?`;
  return new UsageError(`${program}: '${found}' is no model; ${advice}`);
}
