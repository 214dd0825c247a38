import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { UserError } from "../base/errors.js";

/** What the compiled program gives: the functions of SVOX's picoapi.h, whose arguments are numbers and addresses. */
interface PicoProgram {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  pico_initialize(memory: number, bytes: number, system: number): number;
  pico_createVoiceDefinition(system: number, voice: number): number;
  pico_loadResource(system: number, file: number, resource: number): number;
  pico_getResourceName(system: number, resource: number, name: number): number;
  pico_addResourceToVoiceDefinition(system: number, voice: number, resource: number): number;
  pico_newEngine(system: number, voice: number, engine: number): number;
  pico_putTextUtf8(engine: number, text: number, bytes: number, taken: number): number;
  pico_getData(engine: number, out: number, bytes: number, received: number, type: number): number;
}

/** The package's own start of the program, and the files that the program sees. */
type Loader = (options: {
  print(text: string): void;
  printErr(text: string): void;
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void): WebAssembly.Exports;
}) => Promise<{ FS: { writeFile(path: string, bytes: Uint8Array): void } }>;

const packageName = "@echogarden/svoxpico-wasm";
const voiceFolder = new URL("../../voices/pico/", import.meta.url);

/** Memory that SVOX's own pico2wave gives the engine, bytes. */
const engineBytes = 2_500_000;
/** Longest text, and what is taken of the signal at a time, bytes. */
const textBytes = 8192;
const dataBytes = 4096;
/** PICO_RETSTRINGSIZE of picoapi.h. */
const nameBytes = 200;
/** PICO_STEP_BUSY of picodefs.h: there is more to come. */
const busy = 201;

/** One voice of SVOX Pico, compiled to WebAssembly, with the memory of its start. */
export class PicoEngine {
  readonly #program: PicoProgram;
  readonly #engine: number;
  readonly #text: number;
  readonly #data: number;
  /** Two numbers that the engine returns: how much it took or gave, and of what kind. */
  readonly #numbers: number;
  readonly #start: Uint8Array;

  private constructor(program: PicoProgram, engine: number) {
    this.#program = program;
    this.#engine = engine;
    this.#text = program.malloc(textBytes);
    this.#data = program.malloc(dataBytes);
    this.#numbers = program.malloc(8);
    this.#start = new Uint8Array(program.memory.buffer).slice();
  }

  /**
   * @param files names in voices/pico: text and phones, then the voice
   * @throws UserError where the package or a file is missing
   */
  static async open(files: readonly string[]): Promise<PicoEngine> {
    const contents = await Promise.all(files.map(voiceFile));
    const { program, writeFile } = await load();
    const handle = program.malloc(4);
    const made = (status: number): number => {
      if (status !== 0) throw new UserError(`the speech engine cannot be set up (code ${status}); install earshot again`);
      return new DataView(program.memory.buffer).getInt32(handle, true);
    };
    const system = made(program.pico_initialize(program.malloc(engineBytes), engineBytes, handle));
    const voice = stringIn(program, "voice");
    made(program.pico_createVoiceDefinition(system, voice));
    const name = program.malloc(nameBytes);
    for (const [i, content] of contents.entries()) {
      writeFile(`/${i}.bin`, content);
      const resource = made(program.pico_loadResource(system, stringIn(program, `/${i}.bin`), handle));
      made(program.pico_getResourceName(system, resource, name));
      made(program.pico_addResourceToVoiceDefinition(system, voice, name));
    }
    return new PicoEngine(program, made(program.pico_newEngine(system, voice, handle)));
  }

  /**
   * Speaks a text from the memory of the start: otherwise the engine's noise goes on from utterance to utterance.
   * @returns samples of 16 bits at 16 kHz
   * @throws UserError for a text too long or where the engine fails
   */
  speak(text: string): Int16Array {
    const bytes = Buffer.from(`${text}\0`);
    if (bytes.length > textBytes) throw new UserError(`a text of ${bytes.length} bytes is too long to speak`);
    const memory = new Uint8Array(this.#program.memory.buffer);
    memory.set(this.#start);
    memory.fill(0, this.#start.length);
    memory.set(bytes, this.#text);
    const parts: Uint8Array[] = [];
    for (let [at, status] = [0, busy]; at < bytes.length || status === busy; ) {
      const taken = this.#put(at, bytes.length - at);
      at += taken;
      if (taken === 0 && status !== busy) throw new UserError("the speech engine takes no more of a text");
      const numbers = this.#numbers;
      status = checked(this.#program.pico_getData(this.#engine, this.#data, dataBytes, numbers, numbers + 4));
      parts.push(new Uint8Array(this.#program.memory.buffer, this.#data, this.#number()).slice());
    }
    const signal = new Uint8Array(Buffer.concat(parts));
    return new Int16Array(signal.buffer, 0, signal.length >> 1);
  }

  /** How much of the text the engine takes now; its buffer holds some 250 bytes. */
  #put(at: number, bytes: number): number {
    if (bytes === 0) return 0;
    checked(this.#program.pico_putTextUtf8(this.#engine, this.#text + at, bytes, this.#numbers));
    return this.#number();
  }

  #number(): number {
    return new DataView(this.#program.memory.buffer).getInt16(this.#numbers, true);
  }
}

function checked(status: number): number {
  if (status < 0) throw new UserError(`the speech engine failed with code ${status}`);
  return status;
}

/** Address of a copy of the text. */
function stringIn(program: PicoProgram, text: string): number {
  const bytes = Buffer.from(`${text}\0`);
  const address = program.malloc(bytes.length);
  new Uint8Array(program.memory.buffer).set(bytes, address);
  return address;
}

async function voiceFile(file: string): Promise<Uint8Array> {
  return readFile(new URL(file, voiceFolder)).catch((cause: unknown) => {
    throw new UserError(`the voice ${file} is missing; install earshot again`, { cause });
  });
}

function packagePath(): string {
  try {
    return createRequire(import.meta.url).resolve(packageName);
  } catch (cause) {
    throw new UserError(`the speech engine is not installed; add it with: npm install ${packageName}`, { cause });
  }
}

async function load(): Promise<{ program: PicoProgram; writeFile: (path: string, bytes: Uint8Array) => void }> {
  const path = packagePath();
  const compiled = await WebAssembly.compile(await readFile(path.replace(/\.js$/, ".wasm")));
  const { default: loader } = (await import(pathToFileURL(path).href)) as { default: Loader };
  let exports: WebAssembly.Exports = {};
  // What the program might print would stand among results.
  const silent = (): void => undefined;
  const { FS } = await loader({
    print: silent,
    printErr: silent,
    instantiateWasm(imports, done) {
      const instance = new WebAssembly.Instance(compiled, imports);
      ({ exports } = instance);
      done(instance);
      return exports;
    },
  });
  return { program: exports as unknown as PicoProgram, writeFile: (file, bytes) => FS.writeFile(file, bytes) };
}
