/** The three parts of a data set. */
export type Split = "training" | "validation" | "testing";

/** In the order in which the originals fill them. */
export const splits: readonly Split[] = ["training", "validation", "testing"];

/** Label, and folder name, of clips in which nobody speaks. */
export const silenceLabel = "_silence_";
/** Label of words that the task does not name. */
export const unknownLabel = "_unknown_";
/** Folder of long recordings that are mixed into clips and never classified. */
export const backgroundFolder = "_background_noise_";

/** One example of a data set: where its sound is and what it should be recognised as. */
export interface Clip {
  /** Path of the sound file; empty for generated silence. */
  path: string;
  /** One of the data set's labels. */
  label: string;
  /** The word as the data names it, lower case; differs from the label for unknown words. */
  word: string;
  /** Speaker id; empty where the data does not say. */
  speaker: string;
  split: Split;
  /** Start of the clip in its file, in seconds; 0 where missing. */
  start?: number;
  /** End of the clip in its file, in seconds; the end of the file where missing. */
  end?: number;
  /** "silence" has no file: zeros in evaluation, background noise in training. */
  kind: "file" | "silence";
}
