import type { Command } from "commander";
import { UsageError } from "../base/errors.js";

/** Options of `evaluate` that are about a long recording, by their attributes. */
const ofRecording = [
  "truth",
  "tolerance",
  "chooseThreshold",
  "keepThreshold",
  "threshold",
  "thresholds",
  "keywords",
  "smoothing",
  "refractory",
  "form",
  "hop",
] as const;

/** Those that are about the clips of a data set. */
const ofClips = ["data", "features", "split", "splitBy", "all", "streamClips", "reset", "order", "confusion"] as const;

/**
 * A model is measured on clips or on a recording; what is about the other would change nothing.
 * @throws UsageError naming the first option of the command line that is about the other
 */
export function refuseOtherSubject(command: Command): void {
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === "cli";
  const onRecording = isGiven("stream");
  const idle = (onRecording ? ofClips : ofRecording).find(isGiven);
  if (idle === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === idle)?.long;
  throw new UsageError(
    onRecording
      ? `${flag} is about the clips of a data set, and --stream measures on a recording; leave one of them out`
      : `${flag} goes with --stream LONG.wav --truth T.json`,
  );
}
