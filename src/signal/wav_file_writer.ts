import { disk, type OpenFile, writeAll } from "../base/file_layer.js";
import { UserError } from "../base/errors.js";
import { unwritable } from "../base/system_error.js";
import { encodeWav } from "./wav-writer.js";

const headerBytes = 44;
/** What the sizes of a WAV file can tell. */
const mostBytes = 0xffffffff - headerBytes;

/** Most samples of 16 bits that a WAV file holds. */
export const mostWavSamples = Math.floor(mostBytes / 2);

/** Writes a WAV file of 16 bits piece by piece, under a temporary name until it is whole. */
export class WavFileWriter {
  readonly #path: string;
  readonly #file: OpenFile;

  /** Use `WavFileWriter.open`. */
  constructor(path: string, file: OpenFile) {
    [this.#path, this.#file] = [path, file];
  }

  /**
   * Begins a file.
   * @param samples how many will be written in all
   * @throws UserError where a WAV file cannot hold them
   */
  static async open(path: string, samples: number, sampleRate: number): Promise<WavFileWriter> {
    if (samples > mostWavSamples)
      throw new UserError(
        `${path}: a WAV file holds at most ${(mostWavSamples / sampleRate / 3600).toFixed(1)} hours; make a shorter one`,
      );
    // What an interrupted run left.
    await disk.remove(`${path}.part`);
    const writer = new WavFileWriter(path, await disk.open(`${path}.part`, "wx"));
    const header = encodeWav({ samples: new Float32Array(0), sampleRate });
    const view = new DataView(header.buffer);
    view.setUint32(4, headerBytes - 8 + 2 * samples, true);
    view.setUint32(40, 2 * samples, true);
    await writer.#append(header);
    return writer;
  }

  /** Writes further samples, full scale -1 to 1. */
  async write(samples: Float32Array): Promise<void> {
    await this.#append(encodeWav({ samples, sampleRate: 16_000 }).subarray(headerBytes));
  }

  /** Writes bytes; where the disk refuses, nothing is left of the file. */
  async #append(bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(this.#file, bytes);
    } catch (error) {
      await this.abandon().catch(() => undefined);
      throw unwritable(this.#path, error);
    }
  }

  /** Gives the file its name. */
  async end(): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await disk.rename(`${this.#path}.part`, this.#path);
  }

  /** Takes back what was written. */
  async abandon(): Promise<void> {
    await this.#file.close();
    await disk.remove(`${this.#path}.part`);
  }
}
