import { UserError } from "../base/errors.js";
import { scoreDetections } from "./detection_score.js";
import type { DetectionTrace } from "./detection_trace.js";
import type { Truth } from "./truth_file.js";

/** A threshold with what it lets through and what it misses (detection error trade-off; A. Martin et al., 1997). */
export interface DetectionPoint {
  threshold: number;
  falseAcceptsPerHour: number;
  missRate: number;
}

/** Share by which the number of peaks above a threshold grows to the next lower one, from some thirty peaks on. */
const growth = 1.03;

/** Thresholds at peaks: the highest all, below them so many that curves of hours stay some hundred points long. Rising. */
function thresholdsAt(peaks: readonly number[]): number[] {
  const chosen: number[] = [];
  for (let above = 0; above < peaks.length; above = Math.max(above + 1, Math.round(above * growth)))
    chosen.push(peaks[peaks.length - 1 - above]);
  if (peaks.length > 0 && chosen[chosen.length - 1] !== peaks[0]) chosen.push(peaks[0]);
  return chosen.toReversed();
}

/** False accepts an hour and miss rate over all thresholds, in rising order. */
export function detectionCurve(
  trace: DetectionTrace,
  truth: Truth,
  setting: { seconds: number; tolerance: number; refractory: number },
): DetectionPoint[] {
  // Above every peak nothing is heard.
  return [...thresholdsAt(trace.peaks()), 1 + 1e-6].map((threshold) => {
    const score = scoreDetections(trace.detections(threshold, setting.refractory), truth, setting.seconds, setting.tolerance);
    return { threshold, falseAcceptsPerHour: score.falseAcceptsPerHour, missRate: score.missRate };
  });
}

/**
 * The threshold with the fewest misses among those whose false accepts stay at the target.
 * @param target false accepts an hour
 * @param hours outside of keywords
 * @throws UserError where the recording is too short to show such a rate: without a false accept in three times the mean time between
 * two, the rate is below the target with 95 % certainty
 */
export function chooseThreshold(curve: readonly DetectionPoint[], target: number, hours: number): DetectionPoint {
  const needed = 3 / target;
  if (hours < needed)
    throw new UserError(
      `${target} false accepts an hour cannot be shown with ${hours.toFixed(2)} hours without a keyword; take a recording of at least ${needed.toFixed(2)} hours, or a higher target (from ${(Math.ceil((3 / hours) * 100) / 100).toFixed(2)})`,
    );
  const allowed = curve.filter((point) => point.falseAcceptsPerHour <= target && point.threshold <= 1);
  const fewest = Math.min(...allowed.map(({ missRate }) => missRate));
  // Of equal ones the highest: it leaves most room to false accepts.
  const chosen = allowed.findLast(({ missRate }) => missRate === fewest);
  if (chosen === undefined)
    throw new UserError(`no threshold brings the false accepts to ${target} an hour; give a higher target, or another model`);
  return chosen;
}
