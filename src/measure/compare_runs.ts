import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../base/errors.js";
import { rightClips } from "./decisions.js";
import { mcnemarTest } from "./mcnemar.js";
import { EVALUATION_FILE, ofRecipe, type RunRecords, readRun } from "./read_run.js";
import type { ComparedRun, SeedGroup } from "./report/compared_run.js";
import { letterOf } from "./report/compared_run.js";
import { summarizeSeeds } from "./seeds.js";

/** So many letters there are. */
const MAX_RUNS = 26;

/**
 * Gathers what the folders of several runs hold for `renderComparison`. The first is what the others are compared with.
 * @throws UserError where a folder holds nothing to report, is named twice, or where there are too many; FormatError where a file is damaged
 */
export async function compareRuns(
  folders: readonly string[],
): Promise<{ runs: ComparedRun[]; seedGroups: SeedGroup[]; notes: string[] }> {
  const paths = folders.map((folder) => resolve(folder));
  const twice = paths.find((path, i) => paths.indexOf(path) !== i);
  if (twice !== undefined) throw new UserError(`${twice}: the run is named twice; name every run once`);
  if (folders.length > MAX_RUNS) throw new UserError(`${folders.length} runs are named; at most ${MAX_RUNS} can be compared`);
  const found: RunRecords[] = [];
  for (const folder of folders) found.push(await readRun(folder));
  const names = shortestNames(paths);
  const first = found[0] as RunRecords;
  const runs = found.map((run, i) => comparedRun(run, names[i] as string, i === 0 ? undefined : first));
  return { runs, seedGroups: seedGroups(runs, found), notes: notesOf(runs) };
}

function comparedRun({ record, training, recipe }: RunRecords, name: string, first: RunRecords | undefined): ComparedRun {
  const { model, seed } = ofRecipe(recipe);
  return {
    name,
    model: record?.model ?? model,
    parameters: record?.parameters,
    multiplyAccumulates: record?.multiplyAccumulates,
    data: record?.data,
    split: record?.split,
    seed: record?.seed ?? seed,
    steps: training?.reduce((most, { step }) => Math.max(most, step), 0),
    time: record?.training,
    evaluation: record?.evaluation,
    training,
    againstFirst: mcnemar(first, record),
  };
}

/** Both judged the same clips, or there is nothing to test. */
function mcnemar(first: RunRecords | undefined, record: RunRecords["record"]): ComparedRun["againstFirst"] {
  const [a, b] = [first?.record?.decisions, record?.decisions];
  if (a === undefined || b === undefined || a.clips !== b.clips) return undefined;
  const clips = record?.evaluation.clips as number;
  return mcnemarTest(new Uint8Array(clips).fill(1), rightClips(a, clips), rightClips(b, clips));
}

/** The last parts of the paths, as many as make them all different. */
function shortestNames(paths: readonly string[]): string[] {
  const names = paths.map((path) => basename(path) || path);
  const parents = paths.map((path) => dirname(path));
  for (;;) {
    const unclear = names.map((name) => names.filter((other) => other === name).length > 1);
    if (!unclear.includes(true)) return names;
    for (const [i, again] of unclear.entries()) {
      if (!again) continue;
      names[i] = join(basename(parents[i] as string), names[i] as string);
      parents[i] = dirname(parents[i] as string);
    }
  }
}

/** Groups of runs whose recipes are equal but for the seed, measured on as many clips. */
function seedGroups(runs: readonly ComparedRun[], found: readonly RunRecords[]): SeedGroup[] {
  const groups = new Map<string, number[]>();
  for (const [i, { recipe, record }] of found.entries()) {
    if (typeof recipe !== "object" || recipe === null || record === undefined) continue;
    const key = JSON.stringify({ ...recipe, seed: null, clips: record.evaluation.clips, split: record.split });
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const several = [...groups.values()].filter((members) => new Set(members.map((i) => runs[i]?.seed)).size === members.length);
  return several
    .filter((members) => members.length > 1)
    .map((members) => ({ members, accuracy: summarizeSeeds(members.map((i) => runs[i]?.evaluation?.accuracy as number)) }));
}

function notesOf(runs: readonly ComparedRun[]): string[] {
  const notes: string[] = [];
  const letters = (wanted: (run: ComparedRun) => boolean): string =>
    runs.flatMap((run, i) => (wanted(run) ? [letterOf(i)] : [])).join(", ");
  const unmeasured = letters((run) => run.evaluation === undefined);
  if (unmeasured !== "") notes.push(`Not evaluated yet, without ${EVALUATION_FILE}: ${unmeasured}.`);
  const measured = runs.filter((run) => run.evaluation !== undefined);
  const sets = new Set(measured.map((run) => `${run.split} with ${run.evaluation?.clips} clips`));
  if (sets.size > 1)
    notes.push(`Not measured on the same clips (${[...sets].join("; ")}): the accuracies cannot be compared directly.`);
  const untested = letters((run) => run !== runs[0] && run.evaluation !== undefined && run.againstFirst === undefined);
  if (untested !== "" && runs[0]?.evaluation !== undefined) {
    notes.push(
      `No p against A for ${untested}: it is not known that the same clips were judged; measure both with 'earshot evaluate MODEL --data FOLDER --out RUN'.`,
    );
  }
  return notes;
}
