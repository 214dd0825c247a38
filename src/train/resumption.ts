import { join } from "node:path";
import { UsageError, UserError } from "../base/errors.js";
import type { Skipped } from "./checkpoint.js";
import { parseRecipe, type Recipe } from "./recipe.js";
import { differenceText, recipeDifferences } from "./recipe_difference.js";

/** A recipe with the options that later versions of earshot have added; as it is where the options are not known any more. */
export function upToDate(recipe: unknown): unknown {
  try {
    return parseRecipe(recipe, "the checkpoint");
  } catch (error) {
    if (error instanceof UserError) return recipe;
    throw error;
  }
}

/** @throws UsageError naming the options in which two recipes differ */
export function refuseOther(place: string, before: unknown, now: Recipe, remedy: string): void {
  const differences = recipeDifferences(before, JSON.parse(JSON.stringify(now)));
  if (differences.length === 0) return;
  const what = `the run was trained with other options: ${differenceText(differences)}`;
  const other = "start a new run with --recipe and --out, and with --from to begin with what this one has learned";
  throw new UsageError(`${place}: ${what}; ${remedy}, or ${other}`);
}

/** The error of a run whose checkpoints all are damaged. */
export function noneGood(run: string, skipped: readonly Skipped[]): UserError {
  const why = skipped.map((each) => each.why).join("\n");
  return new UserError(
    `${run}: no checkpoint of this run can be used; bring back a copy of one, or remove the folder ${join(run, "checkpoints")} to begin anew\n${why}`,
  );
}
