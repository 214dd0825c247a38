import { UserError } from "../base/errors.js";
import type { Truth } from "./truth_file.js";

/** What of a truth a model can be measured on. */
export interface FittingTruth {
  truth: Truth;
  /** Words that are said and not listened for, with how often: that nobody hears them is no miss. */
  left: ReadonlyMap<string, number>;
}

/**
 * Leaves out the words that a model does not listen for.
 * @param keywords labels that it listens for
 * @throws UserError where it listens for none of them
 */
export function truthFor(truth: Truth, keywords: ReadonlySet<string>, path: string): FittingTruth {
  const isHeard = ({ label }: Truth["events"][number]): boolean => label === undefined || keywords.has(label);
  const events = truth.events.filter(isHeard);
  const left = new Map<string, number>();
  for (const event of truth.events)
    if (event.label !== undefined && !isHeard(event)) left.set(event.label, (left.get(event.label) ?? 0) + 1);
  if (events.length === 0 && left.size > 0)
    throw new UserError(
      `${path}: the recording has ${[...left.keys()].join(", ")}, and the model listens for ${[...keywords].join(", ")}; take another recording, model or --keywords`,
    );
  return { truth: { ...truth, events }, left };
}

/** @throws UserError where a truth names words behind the end of a recording, which then is not the one that it tells of */
export function refuseOtherRecording({ events }: Truth, seconds: number, path: string, recording: string): void {
  const last = events.at(-1);
  if (last === undefined || last.start < seconds) return;
  throw new UserError(
    `${path}: tells of a word at ${last.start.toFixed(1)} s, and ${recording} ends at ${seconds.toFixed(1)} s; give the recording that it was written for`,
  );
}
