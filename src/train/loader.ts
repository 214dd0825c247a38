import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { InternalError } from "../base/errors.js";
import { errorOf, type ThreadFault } from "../base/thread_fault.js";
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
/** Milliseconds that the thread of the step sleeps at a time; a worker that has made a batch wakes it. */
const longestSleep = 20;

/** What a worker is started with. */
export interface WorkerJob {
  readonly plan: LoaderPlan;
  /** The ring, in shared memory. Batch of step s lies at (s - first) mod ring. */
  readonly ring: readonly Batch[];
  /** By place in the ring: 0 free, 1 filled. Int32 in shared memory. */
  readonly filled: Int32Array;
  /** How many batches may have been made until the step allows more. Int32 in shared memory. */
  readonly allowed: Int32Array;
  /** How many batches have been made. Int32 in shared memory. */
  readonly made: Int32Array;
  /** Whether the step waits for all that are allowed. */
  readonly takeTurns: boolean;
  /** Milliseconds by stage, in shared memory. */
  readonly stages: Float64Array;
  readonly memory: LoaderMemory;
  readonly profile: boolean;
  readonly firstStep: number;
  readonly worker: number;
  readonly workers: number;
}

/** What a worker says: where its time went, or why there will be no batch. */
export type WorkerMessage = { kernels: readonly KernelTime[] } | ThreadFault;

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
 * they fill the whole ring while it waits, and rest until it has used all of it: a thread of the step that has to share its core lets
 * the others wait, too, and to hand the cores over takes a tenth of a millisecond or two.
 */
class WorkerLoader implements Loader {
  readonly memory: LoaderMemory;
  readonly #takeTurns: boolean;
  readonly #ring: readonly Batch[];
  readonly #filled: Int32Array;
  readonly #allowed: Int32Array;
  readonly #made = new Int32Array(new SharedArrayBuffer(4));
  readonly #stages: Float64Array[] = [];
  /** What each worker said last. */
  readonly #kernels: (readonly KernelTime[])[] = [];
  readonly #threads: readonly Worker[];
  #taken = 0;
  #waited = 0;
  #fault: Error | undefined;

  constructor(plan: LoaderPlan, firstStep: number, memory: LoaderMemory, options: LoaderOptions, script: URL) {
    const { workers, ringPerWorker } = memory;
    this.memory = memory;
    this.#takeTurns = options.takeTurns === true;
    const profile = options.profile === true;
    const places = workers * ringPerWorker;
    this.#allowed = new Int32Array(new SharedArrayBuffer(4)).fill(this.#takeTurns ? places : 2 ** 31 - 1);
    this.#ring = Array.from({ length: places }, () => allocateBatch(plan, true));
    this.#filled = new Int32Array(new SharedArrayBuffer(4 * places));
    this.#threads = Array.from({ length: workers }, (_, worker) => {
      const stages = new Float64Array(new SharedArrayBuffer(8 * loaderStages.length));
      this.#stages.push(stages);
      const counts = { filled: this.#filled, allowed: this.#allowed, made: this.#made, takeTurns: this.#takeTurns };
      const shared = { plan, memory, ring: this.#ring, ...counts, stages, profile };
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
      if ("fault" in message) this.#fail(errorOf(message));
      else this.#kernels[job.worker] = message.kernels;
    });
    thread.on("error", (error: Error) => this.#fail(error));
    thread.on("exit", (code) => this.#fail(new InternalError(`a loader worker ended with code ${code}`)));
    return thread;
  }

  #fail(error: Error): void {
    this.#fault ??= error;
  }

  async next(): Promise<Batch> {
    if (this.#taken > 0) this.#free((this.#taken - 1) % this.#ring.length);
    const place = this.#taken % this.#ring.length;
    if (!this.#isFilled(place)) await this.#arrival(place);
    this.#taken++;
    return this.#ring[place];
  }

  async #arrival(place: number): Promise<void> {
    const start = performance.now();
    if (this.#takeTurns) this.#allow(this.#taken + this.#ring.length);
    while (!this.#isReady(place)) {
      if (this.#fault !== undefined && !this.#isFilled(place)) throw this.#fault;
      // Batches before the one that cannot be made are still given.
      if (this.#fault !== undefined) break;
      const made = Atomics.load(this.#made, 0);
      if (!this.#isReady(place)) Atomics.wait(this.#made, 0, made, longestSleep);
      // What workers say, and signals, are heard here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#waited += performance.now() - start;
  }

  /** Whether the batch of a place is there, and with it all of the turn. */
  #isReady(place: number): boolean {
    return this.#takeTurns ? this.#ring.every((_, other) => this.#isFilled(other)) : this.#isFilled(place);
  }

  #isFilled(place: number): boolean {
    return Atomics.load(this.#filled, place) === 1;
  }

  /** Lets workers make batches until there have been so many. */
  #allow(batches: number): void {
    Atomics.store(this.#allowed, 0, batches);
    Atomics.notify(this.#allowed, 0);
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
