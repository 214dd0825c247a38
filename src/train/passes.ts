import { UsageError } from "../base/errors.js";
import { lastAtMost } from "../base/search.js";

/** How a training goes through its clips, pass after pass. */
export interface Passes {
  /** Step, counted from 1, with which each pass begins; ascending. The last one goes on to the end of the training. */
  readonly starts: Int32Array;
  /** How many of the first passes are short ones, each of which begins with empty states. */
  readonly short: number;
}

/** Rolling training: a batch begins with states that batches before it ended with. */
export interface Rolling {
  /** Short passes at most, of 2 batches, 3, 4 and so on; after them come whole ones. [max_rolling_length] */
  readonly maxLength: number;
}

/** What the passes of a training follow from. */
export interface PassOptions {
  /** Examples of a whole pass. */
  readonly examples: number;
  readonly batch: number;
  readonly rolling?: Rolling | undefined;
}

/** Batches of each pass in order, without end: only whole batches, short passes first. */
function* lengthsOf({ examples, batch, rolling }: PassOptions): Generator<{ length: number; isShort: boolean }> {
  const whole = Math.floor(examples / batch);
  if (whole === 0)
    throw new UsageError(`a batch of ${batch} is larger than the ${examples} examples of a pass; give a smaller batch`);
  const longest = rolling === undefined ? 0 : Math.min(whole, rolling.maxLength + 2);
  for (let length = 2; length < longest; length++) yield { length, isShort: true };
  for (;;) yield { length: whole, isShort: false };
}

/**
 * Passes of a training of so many steps, as EdgeML's train_classifier has them: the last examples of a pass that fill no batch are left
 * out; in rolling training pass e (from 0) has e + 2 batches, until that is `maxLength` + 1 or all batches.
 * @throws UsageError where a batch is larger than a pass
 */
export function passesOf(options: PassOptions, steps: number): Passes {
  const starts: number[] = [];
  let short = 0;
  let next = 1;
  for (const { length, isShort } of lengthsOf(options)) {
    if (next > steps) break;
    starts.push(next);
    if (isShort) short++;
    next += length;
  }
  return { starts: Int32Array.from(starts), short };
}

/**
 * Steps of so many passes.
 * @throws UsageError where a batch is larger than a pass
 */
export function stepsOfPasses(options: PassOptions, passes: number): number {
  let steps = 0;
  let pass = 0;
  for (const { length } of lengthsOf(options)) {
    if (pass++ === passes) return steps;
    steps += length;
  }
  return steps;
}

/** The pass of a step, from 0. */
export function passOf({ starts }: Passes, step: number): number {
  return lastAtMost(starts, step);
}

/** Whether a pass ends with a step of a training of so many. */
export function endsPass(passes: Passes, step: number, steps: number): boolean {
  return step === steps || passOf(passes, step + 1) !== passOf(passes, step);
}
