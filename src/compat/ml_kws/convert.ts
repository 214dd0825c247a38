import { UsageError } from "../../base/errors.js";
import { openLiteRt } from "../../formats/litert.js";
import type { Model } from "../../formats/model.js";
import { exportTflite } from "../../formats/tflite/export.js";
import { writeFileSafely } from "../../formats/write_file.js";
import { evenly } from "../../measure/named_set.js";
import { ModelQuantizer } from "../../measure/quantize_model.js";
import { rateOf } from "../../measure/spotter_model.js";
import { soundSet } from "../../train/sources.js";
import { type FlagTable, text, toggle } from "../flags.js";
import type { CompatProgram, ProgramContext } from "../program.js";
import { openCheckpoint } from "./checkpoint.js";
import { clipsOf, prepareData } from "./data.js";
import { both, measure, type MeasuredPart, onTestSet, openTflite } from "./evaluation.js";
import { dataFlags, type NetworkFlags, networkFlags, readFlags } from "./flags.js";

const table = {
  ...dataFlags,
  ...networkFlags,
  checkpoint: text("", "model file, with or without its ending"),
  quantize: toggle(false, "write integers (the default)"),
  "no-quantize": toggle(false, "write 32-bit floats"),
  inference_type: text("fp32", "type of the quantized file's input and output", { choices: ["fp32", "int8", "int16"] }),
} satisfies FlagTable;

/** Validation clips that show the ranges of the values. */
const representativeClips = 101;

/** `convert.py`: a checkpoint as .tflite file, which is then measured on the test set. */
export const convert = converter("convert", onTestSet("testing"));

/** `convert_to_tflite.py`: the same, measured on the validation and the test set. */
export const convertToTflite = converter("convert_to_tflite", both("TFLite evaluation"));

function converter(name: string, parts: readonly MeasuredPart[]): CompatProgram {
  return {
    async run(args, context) {
      const flags = readFlags(name, table, lastOfBoth(args), context);
      if (flags === undefined) return 0;
      const { checkpoint, "no-quantize": float, inference_type: type, model_architecture: network } = flags.values;
      if (checkpoint === "") throw new UsageError(`ml-kws ${name}: name the model with --checkpoint`);
      if (!float && type === "int16") {
        context.warn(
          `earshot compat: ml-kws ${name} --inference_type int16 (8-bit weights, 16-bit activations) is not there yet`,
        );
        return 1;
      }
      await prepareData(flags, context);
      const model = await openCheckpoint(checkpoint, flags);
      const file = float ? `${network}.tflite` : `${network}_quantized.tflite`;
      await write(file, float ? model : await quantized(model, flags, type === "int8" ? "int8" : "float"), context);
      context.print(`${float ? "Converted" : "Quantized"} model saved to ${file}.`);
      await measure(await openTflite(file, flags), flags, parts, context);
      return 0;
    },
  };
}

/** Of --quantize and --no-quantize the last one given counts: only that is left. */
function lastOfBoth(args: readonly string[]): string[] {
  const isSwitch = (word: string): boolean => word === "--quantize" || word === "--no-quantize";
  const last = args.findLastIndex(isSwitch);
  return args.filter((word, i) => i === last || !isSwitch(word));
}

/** Full integers, ranges as wide as the values of some validation clips. */
async function quantized(model: Model, flags: NetworkFlags, io: "float" | "int8"): Promise<Model> {
  const { clips } = clipsOf(flags, model.labels, "validation");
  const shown = soundSet(evenly(clips, representativeClips), model.labels);
  const quantizer = await ModelQuantizer.open(model, shown, "minmax");
  return quantizer.quantize({ io }).model;
}

/** Writes a file that LiteRT takes. */
async function write(file: string, model: Model, { signal }: ProgramContext): Promise<void> {
  const bytes = exportTflite(model, { features: "none", rate: rateOf(model) });
  (await openLiteRt(bytes, file)).close();
  signal.throwIfAborted();
  await writeFileSafely(file, bytes);
}
