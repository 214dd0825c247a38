import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { UsageError, UserError } from "../base/errors.js";
import { loadModel } from "../formats/model_file.js";
import { resolveModel } from "../formats/shipped.js";
import { inLiteRt } from "./runtime.js";
import type { Spotter, SpotterOptions } from "./spotter_model.js";
import { openModel } from "./spotter_model.js";

export type { Runtime } from "./runtime.js";
export type { Spotter, SpotterOptions } from "./spotter_model.js";

/**
 * Opens a model by its path or by the name under which it comes with earshot.
 * @throws UserError where there is no such model, it cannot be read, or a .tflite file lacks labels
 */
export async function openSpotter(nameOrPath: string, options: SpotterOptions = {}): Promise<Spotter> {
  const path = resolveModel(nameOrPath);
  const { size } = await stat(path);
  const isTflite = path.toLowerCase().endsWith(".tflite");
  if (!isTflite && inLiteRt(options.runtime))
    throw new UserError(`${path}: LiteRT runs .tflite files; write one with 'earshot export ${nameOrPath} --to tflite'`);
  if (!isTflite && (options.frontend !== undefined || options.labels !== undefined))
    throw new UsageError(`${path}: --frontend and --labels are for .tflite files; a model file has its own`);
  if (isTflite) {
    const { openTfliteSpotter } = await import("./spotter_tflite.js");
    return openTfliteSpotter(path, size, options);
  }
  const model = await loadModel(path);
  return openModel(model, { ...options, name: basename(path, ".safetensors"), bytes: size });
}
