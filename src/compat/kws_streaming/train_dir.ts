import { dirname, join } from "node:path";
import { makeFolderSync } from "../../base/make_folder.js";
import { writeFileSafely } from "../../formats/write_file.js";

/** The files and folders of train_dir, as the original names them. */
export const trainFiles = {
  flagsText: "flags.txt",
  flagsJson: "flags.json",
  labels: "labels.txt",
  summary: "model_summary.txt",
  accuracyLast: "accuracy_last.txt",
  bestWeights: "best_weights",
  lastWeights: "last_weights",
  /** Weights at each validation. */
  validations: "train",
  /** Here: the run of earshot with its checkpoints, log and recipe. */
  restore: "restore",
} as const;

/** The folder in which a command line writes. */
export class TrainDir {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  join(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  /** Writes a text as it is, without a newline at its end. */
  async writeText(names: readonly string[], text: string): Promise<void> {
    await this.writeBytes(names, new TextEncoder().encode(text));
  }

  async writeBytes(names: readonly string[], bytes: Uint8Array): Promise<string> {
    const path = this.join(...names);
    makeFolderSync(dirname(path));
    await writeFileSafely(path, bytes);
    return path;
  }
}

/** The line of an accuracy report: per cent with six decimals, and how many clips were heard. */
export function accuracyLine(accuracy: number, clips: number): string {
  return `${(accuracy * 100).toFixed(6)} on set_size ${clips}`;
}

/** A number as Python prints it: the shortest digits that give it back, and always with a point or an exponent. */
export function pythonFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}
