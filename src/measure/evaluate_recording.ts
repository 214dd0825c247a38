import { type Detection, Detector, type DetectionRule } from "../detect/detector.js";
import { listenTo } from "../detect/listen.js";
import type { PosteriorStream } from "../detect/posteriors.js";
import { type DetectionPoint, detectionCurve } from "./detection_curve.js";
import { type DetectionScore, scoreDetections } from "./detection_score.js";
import { DetectionTrace } from "./detection_trace.js";
import { type MlperfCounts, scoreOffline, scoreRunner } from "./mlperf_scoring.js";
import type { Truth } from "./truth_file.js";

/** How a model did on a long recording. */
export interface RecordingEvaluation {
  /** Length of the recording, hours. */
  recordedHours: number;
  /** At the thresholds of the rule. */
  score: DetectionScore;
  /** Over all thresholds, one for all keywords. */
  curve: DetectionPoint[];
  /** By MLPerf Tiny's two rules, from every hop at or above its threshold. */
  mlperf: { offline: MlperfCounts; runner: MlperfCounts };
  detections: Detection[];
}

/** What is heard and how it is counted. */
export interface RecordingSetting {
  rule: DetectionRule;
  /** Seconds after a keyword's end in which its detection is right. */
  tolerance: number;
  /** Called with the seconds heard. */
  onProgress?: (seconds: number) => void;
}

/**
 * Measures on a long recording as it comes. Memory grows with the moments at which a keyword has a chance, by 14 bytes each.
 * @param blocks mono samples at the stream's rate
 */
export async function evaluateRecording(
  stream: PosteriorStream,
  blocks: AsyncIterable<Float32Array>,
  truth: Truth,
  { rule, tolerance, onProgress }: RecordingSetting,
): Promise<RecordingEvaluation> {
  const detector = new Detector(stream.labels, stream.hop, rule);
  const keywords = stream.labels.flatMap((label, i) => (rule.thresholds.has(label) ? [i] : []));
  const trace = new DetectionTrace(stream.labels);
  const detections: Detection[] = [];
  const above: number[] = [];
  let samples = 0;
  async function* counted(): AsyncGenerator<Float32Array> {
    for await (const block of blocks) {
      samples += block.length;
      onProgress?.(samples / stream.rate);
      yield block;
    }
  }
  for await (const { smoothed, detection } of listenTo(counted(), stream, detector)) {
    trace.add(smoothed.time, smoothed.scores, keywords);
    if (detection !== undefined) detections.push(detection);
    const { best, scores, time } = smoothed;
    if (best >= 0 && scores[best] >= (rule.thresholds.get(stream.labels[best]) ?? Infinity)) above.push(time);
  }
  const seconds = samples / stream.rate;
  return {
    recordedHours: seconds / 3600,
    score: scoreDetections(detections, truth, seconds, tolerance),
    curve: detectionCurve(trace, truth, { seconds, tolerance, refractory: rule.refractory }),
    mlperf: { offline: scoreOffline(above, truth.events), runner: scoreRunner(above, truth.events) },
    detections,
  };
}
