import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { InternalError, UserError } from "../base/errors.js";
import { BatchMaker } from "./batch_maker.js";
import type { KernelTime } from "../engine/kernel_times.js";
import type { LoaderStage } from "./loader_clock.js";
import { LoaderClock, loaderStages, stageTimes } from "./loader_clock.js";
import type { LoaderMemory } from "./loader_memory.js";
import { planLoaderMemory } from "./loader_memory.js";
import type { Batch, LoaderPlan } from "./loader_plan.js";
import { allocateBatch } from "./loader_plan.js";

/** Gives the batches of a training in order. */
export interface Loader {
  /** How its memory is divided; `workers` of it are at work. 0: batches are made when they are asked for. */
  readonly memory: LoaderMemory;
  /** The batch of the next step; valid until the call after it. Throws what went wrong in making it. */
  next(): Promise<Batch>;
  /** Milliseconds by stage, of all workers together, and those that `next` waited. */
  times(): LoaderTimes;
  close(): Promise<void>;
}

/** Where the time of a loader went. */
export interface LoaderTimes {
  readonly stages: readonly { readonly stage: LoaderStage; readonly milliseconds: number }[];
  /** Kernels of augmentation and front end, of all workers together; none unless opened with `profile`. */
  readonly kernels: readonly KernelTime[];
  /** Milliseconds in which the step waited for batches. */
  readonly waited: number;
}

/** How a loader works; nothing of it changes a batch. */
export interface LoaderOptions {
  /** 0 to 3 threads. From TypeScript sources there are none. */
  readonly workers: number;
  /** Whether workers rest while the step computes, because there are not cores enough for both. Default false. */
  readonly takeTurns?: boolean | undefined;
  /** Whether kernels are timed. Default false. */
  readonly profile?: boolean | undefined;
  /** Bytes that the loader may take. Default 1 GiB. */
  readonly memory?: number | undefined;
}

const mostWorkers = 3;

/** What a worker is started with. */
export interface WorkerJob {
  readonly plan: LoaderPlan;
  /** The ring, in shared memory. Batch of step s lies at (s - first) mod ring. */
  readonly ring: readonly Batch[];
  /** By place in the ring: 0 free, 1 filled. Int32 in shared memory. */
  readonly filled: Int32Array;
  /** 0: workers rest. Int32 in shared memory. */
  readonly gate: Int32Array;
  /** Milliseconds by stage, in shared memory. */
  readonly stages: Float64Array;
  readonly memory: LoaderMemory;
  readonly profile: boolean;
  readonly firstStep: number;
  readonly worker: number;
  readonly workers: number;
}

/** What a worker says: a batch is there, or why there will be none. */
export type WorkerMessage = { filled: number; kernels?: readonly KernelTime[] } | { fault: string; user: boolean };

/**
 * Starts making batches.
 * @param firstStep step of the first batch, counted from 1
 * @throws UserError where the memory does not suffice
 */
export async function openLoader(plan: LoaderPlan, firstStep: number, options: LoaderOptions): Promise<Loader> {
  const script = new URL("./loader_worker.js", import.meta.url);
  const wanted = existsSync(fileURLToPath(script)) ? Math.max(0, Math.min(mostWorkers, options.workers)) : 0;
  const memory = planLoaderMemory(plan, wanted, options.memory);
  if (memory.workers === 0) return DirectLoader.open(plan, firstStep, memory, options.profile);
  return new WorkerLoader(plan, firstStep, memory, options, script);
}

/** Makes batches in this thread. */
class DirectLoader implements Loader {
  readonly memory: LoaderMemory;
  readonly #stages: Float64Array;
  readonly #maker: BatchMaker;
  readonly #batch: Batch;
  #step: number;
  #waited = 0;

  constructor(plan: LoaderPlan, maker: BatchMaker, firstStep: number, memory: LoaderMemory, stages: Float64Array) {
    this.#maker = maker;
    this.#batch = allocateBatch(plan, false);
    this.#step = firstStep;
    this.memory = memory;
    this.#stages = stages;
  }

  static async open(plan: LoaderPlan, firstStep: number, memory: LoaderMemory, profile?: boolean): Promise<DirectLoader> {
    const stages = new Float64Array(loaderStages.length);
    const maker = await BatchMaker.open(plan, { memory, profile, clock: new LoaderClock(stages) });
    return new DirectLoader(plan, maker, firstStep, memory, stages);
  }

  async next(): Promise<Batch> {
    const start = performance.now();
    await this.#maker.make(this.#step++, this.#batch);
    this.#waited += performance.now() - start;
    return this.#batch;
  }

  times(): LoaderTimes {
    return { stages: stageTimes([this.#stages]), kernels: this.#maker.kernelTimes(), waited: this.#waited };
  }

  async close(): Promise<void> {
    this.#maker.close();
  }
}

/**
 * Workers share the steps: worker w makes the batches of steps first + w, first + w + workers, ... Where they take turns with the step,
 * they work only while it waits for a batch: a thread of the step that has to share its core lets the others wait, too.
 */
class WorkerLoader implements Loader {
  readonly memory: LoaderMemory;
  readonly #takeTurns: boolean;
  readonly #ring: readonly Batch[];
  readonly #filled: Int32Array;
  readonly #gate = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  readonly #stages: Float64Array[] = [];
  /** What each worker said last. */
  readonly #kernels: (readonly KernelTime[])[] = [];
  readonly #threads: readonly Worker[];
  #taken = 0;
  #waited = 0;
  #fault: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(plan: LoaderPlan, firstStep: number, memory: LoaderMemory, options: LoaderOptions, script: URL) {
    const { workers, ringPerWorker } = memory;
    this.memory = memory;
    this.#takeTurns = options.takeTurns === true;
    const profile = options.profile === true;
    const places = workers * ringPerWorker;
    this.#ring = Array.from({ length: places }, () => allocateBatch(plan, true));
    this.#filled = new Int32Array(new SharedArrayBuffer(4 * places));
    this.#threads = Array.from({ length: workers }, (_, worker) => {
      const stages = new Float64Array(new SharedArrayBuffer(8 * loaderStages.length));
      this.#stages.push(stages);
      const shared = { plan, memory, ring: this.#ring, filled: this.#filled, gate: this.#gate, stages, profile };
      return this.#start(script, { ...shared, firstStep, worker, workers });
    });
  }

  #start(script: URL, job: WorkerJob): Worker {
    const young = 16;
    const resourceLimits = {
      maxYoungGenerationSizeMb: young,
      maxOldGenerationSizeMb: Math.ceil(this.memory.heapBytes / 2 ** 20) - young,
    };
    const thread = new Worker(script, { workerData: job, execArgv: [], resourceLimits });
    thread.on("message", (message: WorkerMessage) => {
      if ("fault" in message) this.#fail(message.user ? new UserError(message.fault) : new InternalError(message.fault));
      else {
        if (message.kernels !== undefined) this.#kernels[job.worker] = message.kernels;
        this.#wake?.();
      }
    });
    thread.on("error", (error: Error) => this.#fail(error));
    thread.on("exit", (code) => this.#fail(new InternalError(`a loader worker ended with code ${code}`)));
    return thread;
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#wake?.();
  }

  async next(): Promise<Batch> {
    if (this.#taken > 0) this.#free((this.#taken - 1) % this.#ring.length);
    const place = this.#taken % this.#ring.length;
    if (Atomics.load(this.#filled, place) === 0) await this.#arrival(place);
    this.#taken++;
    return this.#ring[place];
  }

  async #arrival(place: number): Promise<void> {
    const start = performance.now();
    this.#open(1);
    while (Atomics.load(this.#filled, place) === 0) {
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#takeTurns) this.#open(0);
    this.#waited += performance.now() - start;
  }

  /** Opens the gate for workers, or shuts it. */
  #open(state: 0 | 1): void {
    Atomics.store(this.#gate, 0, state);
    Atomics.notify(this.#gate, 0);
  }

  times(): LoaderTimes {
    return { stages: stageTimes(this.#stages), kernels: summed(this.#kernels), waited: this.#waited };
  }

  #free(place: number): void {
    Atomics.store(this.#filled, place, 0);
    Atomics.notify(this.#filled, place);
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) thread.removeAllListeners("exit");
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

/** Kernels of several workers, which run the same programs. */
function summed(lists: readonly (readonly KernelTime[])[]): KernelTime[] {
  const sums = new Map<string, KernelTime>();
  for (const time of lists.flat()) {
    const key = `${time.kernel} ${time.op} ${time.shapes}`;
    const known = sums.get(key);
    const calls = (known?.calls ?? 0) + time.calls;
    sums.set(key, { ...time, calls, milliseconds: (known?.milliseconds ?? 0) + time.milliseconds });
  }
  return [...sums.values()];
}
