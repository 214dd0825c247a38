import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from "@bjorn3/browser_wasi_shim";
import { UserError } from "../base/errors.js";

const outputName = "speech.wav";
/** Memory that runs may add before a new instance is made, in bytes: restoring it would take longer. */
const mostGrowth = 8 * 2 ** 20;

interface FliteInstance {
  exports: { memory: WebAssembly.Memory; _start: () => unknown };
}

/**
 * The flite command as a function. Making an instance takes longer than speaking a word, so one is used again with its memory
 * set back to what it was at the start; a run that does not return normally ends it.
 */
export class FliteProgram {
  readonly #module: WebAssembly.Module;
  readonly #wasi = new WASI([], [], [], { debug: false });
  #instance: FliteInstance | undefined;
  /** Memory of a fresh instance. */
  #start: Uint8Array | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /**
   * Runs the command.
   * @param settings options and text
   * @returns what it printed and the WAV file that it wrote
   * @throws UserError where it fails
   */
  run(settings: readonly string[]): { output: string; wav: Uint8Array | undefined } {
    const decoder = new TextDecoder();
    let output = "";
    const print = (): ConsoleStdout => new ConsoleStdout((bytes) => (output += decoder.decode(bytes)));
    const folder = new PreopenDirectory(".", new Map());
    this.#wasi.args = ["flite", ...settings, "-o", outputName];
    this.#wasi.fds = [new OpenFile(new File([])), print(), print(), folder];
    const instance = this.#take();
    let code: number;
    try {
      code = this.#wasi.start(instance);
    } catch (cause) {
      throw new UserError(`the speech engine failed on '${settings.at(-1)}': ${(cause as Error).message}`, { cause });
    }
    if (code !== 0) throw new UserError(`the speech engine failed on '${settings.at(-1)}' with code ${code}`);
    this.#instance = instance;
    const file = folder.dir.contents.get(outputName);
    return { output, wav: file instanceof File ? file.data : undefined };
  }

  /** An instance with the memory of a fresh one. It is given back only after a normal end, when its stack is empty again. */
  #take(): FliteInstance {
    const used = this.#instance;
    this.#instance = undefined;
    if (used && this.#start && used.exports.memory.buffer.byteLength <= this.#start.length + mostGrowth) {
      const memory = new Uint8Array(used.exports.memory.buffer);
      memory.set(this.#start);
      memory.fill(0, this.#start.length);
      return used;
    }
    const fresh = new WebAssembly.Instance(this.#module, {
      wasi_snapshot_preview1: this.#wasi.wasiImport,
    }) as unknown as FliteInstance;
    this.#start ??= new Uint8Array(fresh.exports.memory.buffer).slice();
    return fresh;
  }
}
