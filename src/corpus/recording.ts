import { FormatError, UserError } from "../base/errors.js";
import { readBounded } from "../base/read_file.js";
import { decodeNpy } from "../formats/npy.js";
import { type ReadOptions, readSound } from "../signal/decode.js";

/** Bytes of the largest .npy file that is read as a recording. */
const largestFile = 1 << 30;

/**
 * Reads a recording of a data set: a sound file, or a .npy file of one channel of floats, which is at the rate asked for.
 * @returns samples in [-1, 1)
 * @throws UserError where the file cannot be read or is beyond the limits, FormatError where it holds no recording
 */
export async function readRecording(path: string, options: ReadOptions & { rate: number }): Promise<Float32Array> {
  if (!/\.npy$/i.test(path)) return (await readSound(path, options)).samples;
  const bytes = await readBounded(path, options.maxBytes ?? largestFile, "a recording is an array of floats");
  const { shape, type, data } = decodeNpy(bytes, path);
  const seconds = data.length / options.rate;
  if (type !== "f32" && type !== "f64")
    throw new FormatError(path, "header", `an array of ${type}`, "store samples in [-1, 1) as float32");
  if (shape.filter((size) => size !== 1).length > 1)
    throw new FormatError(path, "header", `an array of shape (${shape.join(", ")})`, "store one channel, [samples]");
  if (options.maxSeconds !== undefined && seconds > options.maxSeconds)
    throw new UserError(`${path}: lasts ${seconds.toFixed(0)} s, at most ${options.maxSeconds} s are read; cut it into pieces`);
  return Float32Array.from(data as Float32Array | Float64Array);
}
