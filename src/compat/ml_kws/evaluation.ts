import { basename } from "node:path";
import { UsageError } from "../../base/errors.js";
import { readBounded } from "../../base/read_file.js";
import { silenceLabel, type Split, unknownLabel } from "../../corpus/clip.js";
import { readTfliteMetadata } from "../../formats/tflite/metadata.js";
import { readTfliteFile } from "../../formats/tflite/read/file.js";
import { largestTflite } from "../../formats/tflite/read/read.js";
import { featureShape } from "../../frontend/frontend.js";
import { sizeOf } from "../../graph/types.js";
import { evaluateSpotter } from "../../measure/evaluate.js";
import { openSpotter } from "../../measure/spotter.js";
import { openModel, type Spotter } from "../../measure/spotter_model.js";
import { type FlagTable, text, whole } from "../flags.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { openCheckpoint } from "./checkpoint.js";
import { clipsOf, prepareData } from "./data.js";
import { type DataFlags, dataFlags, networkFlags, readFlags, wordsOf } from "./flags.js";
import { frontendOf, givenFrontendFlags, soundOf } from "./network.js";
import { accuracyText, matrixText } from "./texts.js";

const checkpointFlags = {
  ...dataFlags,
  ...networkFlags,
  batch_size: whole(100, "clips that are computed together"),
  checkpoint: text("", "model file, with or without its ending"),
} satisfies FlagTable;
const tfliteFlag = { tflite_path: text("", ".tflite file to measure") };

/** `test.py`: a checkpoint on the validation and the test set. */
export const test: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("test", checkpointFlags, args, context);
    if (flags === undefined) return 0;
    if (flags.values.checkpoint === "") throw new UsageError("ml-kws test: name the model with --checkpoint");
    await prepareData(flags, context);
    await measure(await openModelOf(flags.values.checkpoint, flags), flags, both("testing"), context);
    return 0;
  },
};

/** `evaluation.py`: a .tflite file, a checkpoint, or both, on the validation and the test set. */
export const evaluation: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("evaluation", { ...checkpointFlags, ...tfliteFlag }, args, context);
    if (flags === undefined) return 0;
    const { checkpoint, tflite_path: tflite } = flags.values;
    if (checkpoint === "" && tflite === "")
      throw new UsageError("ml-kws evaluation: name what to measure with --tflite_path, --checkpoint, or both");
    await prepareData(flags, context);
    if (tflite !== "") await measure(await openTflite(tflite, flags), flags, both("TFLite evaluation"), context);
    if (checkpoint !== "") await measure(await openModelOf(checkpoint, flags), flags, both("TF evaluation"), context);
    return 0;
  },
};

/** `test_tflite.py`: a .tflite file on the test set. */
export const testTflite: CompatProgram = {
  async run(args, context) {
    const flags = readFlags("test_tflite", { ...dataFlags, ...tfliteFlag }, args, context);
    if (flags === undefined) return 0;
    if (flags.values.tflite_path === "") throw new UsageError("ml-kws test_tflite: name the file with --tflite_path");
    await prepareData(flags, context);
    await measure(await openTflite(flags.values.tflite_path, flags), flags, onTestSet("testing"), context);
    return 0;
  },
};

/** A part of the data, and the line that stands before its figures. */
export interface MeasuredPart {
  readonly split: Split;
  readonly name: string;
  readonly title: string;
}

/** The test set. @param doing "testing", "TFLite evaluation" */
export const onTestSet = (doing: string): MeasuredPart[] => [
  { split: "testing", name: "Test", title: `Running ${doing} on test set...` },
];

/** The validation and the test set. */
export const both = (doing: string): MeasuredPart[] => [
  { split: "validation", name: "Validation", title: `Running ${doing} on validation set...` },
  ...onTestSet(doing),
];

/** Prints confusion matrix and accuracy of each part, and closes the spotter. */
export async function measure(
  spotter: Spotter,
  flags: DataFlags,
  parts: readonly MeasuredPart[],
  { print, signal }: ProgramContext,
): Promise<void> {
  try {
    for (const { split, name, title } of parts) {
      print(title);
      const { evaluation: found } = await evaluateSpotter(spotter, [clipsOf(flags, spotter.labels, split)], { signal });
      print(matrixText(found.confusion));
      print(accuracyText(name, found));
    }
  } finally {
    spotter.close();
  }
}

async function openModelOf(path: string, flags: Parameters<typeof openCheckpoint>[1]): Promise<Spotter> {
  return openModel(await openCheckpoint(path, flags), { name: basename(path) });
}

/**
 * Opens a .tflite file. Front end and labels are those of the flags, except where the flags are silent and the file, which earshot has
 * written, says them.
 */
export async function openTflite(path: string, flags: DataFlags): Promise<Spotter> {
  const content = await readBounded(path, largestTflite, "a model has some megabytes");
  const own = readTfliteMetadata(content, path) !== undefined;
  const labels = [silenceLabel, unknownLabel, ...wordsOf(flags.values.wanted_words)];
  const hearsOwn = own && givenFrontendFlags(flags).length === 0;
  if (!hearsOwn) refuseOtherFeatures(content, path, flags);
  return openSpotter(path, {
    ...(hearsOwn ? {} : { frontend: frontendOf(flags), sound: soundOf(flags) }),
    ...(own && !flags.given.has("wanted_words") ? {} : { labels }),
  });
}

/** @throws UsageError where the file takes neither the features of the flags nor samples */
function refuseOtherFeatures(content: Uint8Array, path: string, flags: DataFlags): void {
  const [network] = readTfliteFile(content, path).subgraphs;
  const takes = sizeOf(network?.tensors[network.inputs[0] ?? -1]?.shape ?? []);
  const { frames, features } = featureShape(frontendOf(flags), soundOf(flags));
  if (takes === frames * features || takes === soundOf(flags).samples) return;
  throw new UsageError(
    `${path}: takes ${takes} values, and --window_size_ms, --window_stride_ms and --dct_coefficient_count make ` +
      `${frames} x ${features} = ${frames * features}; give those of its training (published: 40, 20 or 40, and 10)`,
  );
}
