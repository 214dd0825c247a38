import type { TruthWindow } from "./truth_file.js";

/** Counts of MLPerf Tiny's streaming wake word benchmark. */
export interface MlperfCounts {
  truePositives: number;
  falseNegatives: number;
  falsePositives: number;
}

/** Seconds after a word's end in which a detection is right (evaluation script), and in which it is not false. */
const rightAfter = 0.5;
const notFalseAfter = 1;
/** Seconds after a counted false detection in which others are not counted. */
const blank = 1;

/** Times that are counted where others within a second after are not. */
function debounced(times: readonly number[], isInside: (time: number, last: number) => boolean): number {
  let [count, last] = [0, -Infinity];
  for (const time of times) {
    if (isInside(time, last)) continue;
    last = time;
    count++;
  }
  return count;
}

/**
 * Scoring of the evaluation script (rules v1.2).
 * @param times ends of the frames in which the word was detected, seconds, rising
 */
export function scoreOffline(times: readonly number[], windows: readonly TruthWindow[]): MlperfCounts {
  const hits = windows.filter(({ start, end }) => times.some((time) => time >= start && time < end + rightAfter)).length;
  const others = times.filter((time) => !windows.some(({ start, end }) => time >= start && time < end + notFalseAfter));
  const falsePositives = debounced(others, (time, last) => time < last + blank);
  return { truePositives: hits, falseNegatives: windows.length - hits, falsePositives };
}

/**
 * Scoring of the runner as its documentation has it: from a word's start to a second after its end, both inclusive.
 * @param times of the device's detections, seconds from the run's begin, rising
 */
export function scoreRunner(times: readonly number[], windows: readonly TruthWindow[]): MlperfCounts {
  const within = (time: number, { start, end }: TruthWindow): boolean => time >= start && time <= end + notFalseAfter;
  const hits = windows.filter((window) => times.some((time) => within(time, window))).length;
  const others = times.filter((time) => !windows.some((window) => within(time, window)));
  return {
    truePositives: hits,
    falseNegatives: windows.length - hits,
    falsePositives: debounced(others, (time, last) => time <= last + blank),
  };
}
