import type { Detection } from "../detect/detector.js";
import { poissonInterval } from "./poisson.js";
import type { Truth } from "./truth_file.js";
import { wilsonInterval } from "./interval.js";

/** How detections went in a long recording. */
export interface DetectionScore {
  /** Keywords said, heard, not heard. */
  events: number;
  hits: number;
  misses: number;
  missRate: number;
  /** 95 %. */
  missInterval: [low: number, high: number];
  falseAccepts: number;
  /** Hours outside of keywords. */
  hours: number;
  falseAcceptsPerHour: number;
  /** 95 %, of the Poisson distribution. */
  falseAcceptInterval: [low: number, high: number];
  /** Detections where the word is said in running speech: not counted. */
  ignored: number;
  /** Seconds from the end of a keyword to its detection; below zero where it was known before its end. */
  latency: { median: number; p95: number } | undefined;
  /** Those that were wrong. */
  wrong: Detection[];
}

/**
 * Counts detections. One from a keyword's start to `tolerance` seconds after its end, with its label, is right, and further ones there
 * are not counted; everything else is a false accept.
 * @param detections by time
 * @param seconds length of the recording
 */
export function scoreDetections(
  detections: readonly Detection[],
  truth: Truth,
  seconds: number,
  tolerance: number,
): DetectionScore {
  const { events } = truth;
  const heard = new Array<number | undefined>(events.length).fill(undefined);
  const wrong: Detection[] = [];
  let [ignored, first] = [0, 0];
  for (const detection of detections) {
    const { time, label } = detection;
    const within = ({ start, end, label: said }: Truth["events"][number]): boolean =>
      time >= start && time <= end + tolerance && (said === undefined || said === label);
    while (first < events.length && events[first].end + tolerance < time) first++;
    let found = -1;
    for (let i = first; i < events.length && events[i].start <= time && found < 0; i++) if (within(events[i])) found = i;
    if (found >= 0) heard[found] ??= time - events[found].end;
    else if (truth.ignored.some(within)) ignored++;
    else wrong.push(detection);
  }
  const latencies = heard.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const hits = latencies.length;
  const misses = events.length - hits;
  const hours = Math.max(0, seconds - keywordSeconds(truth, tolerance)) / 3600;
  const perHour = (count: number): number => (hours > 0 ? count / hours : 0);
  const [low, high] = poissonInterval(wrong.length);
  const at = (share: number): number => latencies[Math.min(hits - 1, Math.floor(share * hits))];
  return {
    events: events.length,
    hits,
    misses,
    missRate: events.length === 0 ? 0 : misses / events.length,
    missInterval: wilsonInterval(misses, events.length),
    falseAccepts: wrong.length,
    hours,
    falseAcceptsPerHour: perHour(wrong.length),
    falseAcceptInterval: [perHour(low), perHour(high)],
    ignored,
    latency: hits === 0 ? undefined : { median: at(0.5), p95: at(0.95) },
    wrong,
  };
}

/** Seconds in which a detection may be right. */
function keywordSeconds({ events }: Truth, tolerance: number): number {
  let [sum, covered] = [0, 0];
  for (const { start, end } of events) {
    const from = Math.max(start, covered);
    covered = Math.max(covered, end + tolerance);
    sum += Math.max(0, end + tolerance - from);
  }
  return sum;
}
