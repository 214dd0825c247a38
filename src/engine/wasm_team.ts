import { Worker } from "node:worker_threads";
import { InternalError } from "../base/errors.js";
import { failedByte, jobByte, stopByte } from "../kernels/wasm_barrier.js";
import { moduleImports } from "../kernels/wasm_module.js";

/** What a thread is started with. */
interface Seat {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly threads: number;
  readonly bytes: { readonly job: number; readonly stop: number; readonly failed: number };
}

/** Looks for the next job before a thread sleeps: some 50 microseconds, which waking it takes, too. */
const waitingTurns = 15_000;

/**
 * One thread: sleeps until there is a job, takes its part, and sleeps again. As text, because a worker's script is
 * JavaScript also where this file runs as TypeScript. The flag for relaxed SIMD holds for a whole process, but is set
 * before the module is first touched here, as Node 20 does not promise that.
 */
const script = `
const { workerData: { module, memory, thread, threads, bytes }, parentPort } = require("node:worker_threads");
try { require("node:v8").setFlagsFromString("--experimental-wasm-relaxed-simd"); } catch {}
const words = new Int32Array(memory.buffer, 0, 16384);
const [job, stop, failed] = [bytes.job / 4, bytes.stop / 4, bytes.failed / 4];
const math = { exp: Math.exp, log: Math.log, tanh: Math.tanh };
const { run } = new WebAssembly.Instance(module, { env: { memory }, math }).exports;
parentPort.postMessage("ready");
try {
  for (let done = 0; ; done = (done + 1) | 0) {
    for (let turn = 0; turn < ${waitingTurns} && Atomics.load(words, job) === done; turn++);
    while (Atomics.load(words, job) === done) Atomics.wait(words, job, done);
    if (Atomics.load(words, stop) !== 0) break;
    run(thread, threads);
  }
} catch (error) {
  Atomics.store(words, failed, 1);
  throw error;
}`;

/** Resolves when the thread waits for its first job. */
function start(seat: Seat): Promise<Worker> {
  const worker = new Worker(script, { eval: true, workerData: seat, execArgv: [], env: {}, name: `earshot wasm ${seat.thread}` });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new InternalError(`a thread ended with code ${code} before its first job`)));
    worker.once("message", () => {
      worker.removeAllListeners();
      // A fault is told by the thread that waits for it, in the barrier.
      worker.on("error", () => {});
      worker.unref();
      resolve(worker);
    });
  });
}

/** Threads that run one module over one shared memory together: this thread, and workers that sleep between runs. */
export class WasmTeam {
  readonly threads: number;
  readonly #words: Int32Array;
  readonly #run: (thread: number, threads: number) => void;
  readonly #workers: readonly Worker[];
  #open = true;

  constructor(memory: WebAssembly.Memory, instance: WebAssembly.Instance, workers: readonly Worker[]) {
    this.threads = workers.length + 1;
    this.#words = new Int32Array(memory.buffer, 0, 16384);
    this.#run = instance.exports["run"] as (thread: number, threads: number) => void;
    this.#workers = workers;
  }

  /**
   * Starts `threads` - 1 workers, all or none.
   * @throws what Node says where it allows no (more) threads
   */
  static async start(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number): Promise<WasmTeam> {
    const instance = await WebAssembly.instantiate(module, moduleImports(memory));
    const bytes = { job: jobByte, stop: stopByte, failed: failedByte };
    const seats = Array.from({ length: threads - 1 }, async (_, i) => start({ module, memory, thread: i + 1, threads, bytes }));
    const outcomes = await Promise.allSettled(seats);
    const workers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const refused = outcomes.find((outcome) => outcome.status === "rejected");
    if (refused) {
      await Promise.all(workers.map((worker) => worker.terminate()));
      throw refused.reason;
    }
    return new WasmTeam(memory, instance, workers);
  }

  #next(): void {
    Atomics.add(this.#words, jobByte / 4, 1);
    Atomics.notify(this.#words, jobByte / 4);
  }

  /** One run of the program, on all threads; returns when it is done. */
  run(): void {
    if (!this.#open) throw new InternalError("the program is closed");
    if (this.threads > 1) this.#next();
    try {
      this.#run(0, this.threads);
    } catch (error) {
      // The others wait for this thread in the barrier: there they find the mark and stop.
      Atomics.store(this.#words, failedByte / 4, 1);
      this.#open = false;
      throw error;
    }
  }

  /** Ends the threads. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    Atomics.store(this.#words, stopByte / 4, 1);
    this.#next();
    for (const worker of this.#workers) void worker.terminate();
  }
}
