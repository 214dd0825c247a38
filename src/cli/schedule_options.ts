import { UsageError } from "../base/errors.js";

/** A recipe in the making. */
export type Table = Record<string, unknown>;

type ScheduleName = "constant" | "piecewise" | "exponential" | "cosine" | "decay" | "triangular";

/** The options of `earshot train` about the learning rate. */
export interface ScheduleArguments {
  schedule?: ScheduleName;
  learningRate?: number[];
  scheduleSteps?: number[];
  warmup?: number;
  lastRate?: number;
  peaks?: number;
  gamma?: number;
  gammaEvery?: number;
  steps?: number;
}

/** Options besides --schedule and --learning-rate, and the schedules that have them. */
const schedulesWith = {
  scheduleSteps: ["piecewise"],
  warmup: ["cosine"],
  lastRate: ["cosine", "triangular", "exponential"],
  peaks: ["cosine", "triangular"],
  gamma: ["decay", "triangular"],
  gammaEvery: ["decay"],
} as const satisfies Partial<Record<keyof ScheduleArguments, readonly ScheduleName[]>>;

/**
 * Puts the learning rate that the options ask for into a recipe.
 * @throws UsageError for an option that the schedule does not have, and where a schedule lacks its rates or steps
 */
export function applySchedule(recipe: Table, options: ScheduleArguments): void {
  const { schedule, learningRate: rates, scheduleSteps: steps, warmup, lastRate, peaks, gamma, gammaEvery } = options;
  if ([schedule, rates, steps, warmup, lastRate, peaks, gamma, gammaEvery].every((value) => value === undefined)) return;
  const before = tableAt(recipe, "schedule");
  const kind =
    schedule ?? (steps !== undefined ? "piecewise" : (before?.["kind"] ?? (rates?.length === 1 ? "constant" : "piecewise")));
  const kept = before !== undefined && before["kind"] === kind ? before : {};
  checkOptions(kind as ScheduleName, options);
  const own: Table = {};
  if (kind === "piecewise") Object.assign(own, withoutUndefined({ rates, steps }));
  else if (kind === "exponential") Object.assign(own, withoutUndefined({ first: rates?.[0], last: lastRate ?? rates?.[1] }));
  else if (kind === "cosine") Object.assign(own, withoutUndefined({ rate: rates?.[0], last: lastRate, warmup, peaks }));
  else if (kind === "decay") Object.assign(own, withoutUndefined({ rate: rates?.[0], gamma, every: gammaEvery }));
  else if (kind === "triangular") Object.assign(own, withoutUndefined({ rate: rates?.[0], last: lastRate, peaks, gamma }));
  else Object.assign(own, withoutUndefined({ rate: rates?.[0] }));
  const made: Table = { ...kept, kind, ...own };
  checkComplete(made);
  recipe["schedule"] = made;
  if (kind === "piecewise" && steps !== undefined && options.steps === undefined)
    recipe["steps"] = steps.reduce((sum, count) => sum + count, 0);
}

function checkOptions(kind: ScheduleName, options: ScheduleArguments): void {
  for (const [name, schedules] of Object.entries(schedulesWith) as [keyof typeof schedulesWith, readonly ScheduleName[]][]) {
    if (options[name] === undefined || schedules.includes(kind)) continue;
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new UsageError(`${flag} goes with --schedule ${schedules.join(" or ")}, and the schedule is ${kind}`);
  }
  const most = kind === "piecewise" ? Infinity : kind === "exponential" ? 2 : 1;
  const count = options.learningRate?.length ?? 0;
  if (count > most) throw new UsageError(`--learning-rate has ${count} rates, and a ${kind} schedule takes ${most}`);
}

function checkComplete(schedule: Table): void {
  const { kind } = schedule;
  const lacks = (key: string): boolean => schedule[key] === undefined;
  if (kind === "piecewise" && lacks("rates"))
    throw new UsageError("--schedule piecewise needs --learning-rate, one for each step count");
  if (kind === "piecewise" && lacks("steps"))
    throw new UsageError("--learning-rate has several rates: --schedule-steps says for how many steps each holds");
  const [rates, steps] = [schedule["rates"], schedule["steps"]];
  if (kind === "piecewise" && Array.isArray(rates) && Array.isArray(steps) && rates.length !== steps.length)
    throw new UsageError(
      `${rates.length} learning rates for ${steps.length} step counts: give as many of --learning-rate as of --schedule-steps, or --schedule constant`,
    );
  if (kind === "exponential" && (lacks("first") || lacks("last")))
    throw new UsageError("--schedule exponential needs --learning-rate FIRST,LAST");
  if (["constant", "cosine", "decay", "triangular"].includes(String(kind)) && lacks("rate"))
    throw new UsageError(`--schedule ${String(kind)} needs --learning-rate`);
}

/** The table that a recipe has under a key; a file may have anything there. */
export function tableAt(recipe: Table, key: string): Table | undefined {
  const value = recipe[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : undefined;
}

/** A table without the entries that have no value. */
export function withoutUndefined(table: Table): Table {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined));
}
