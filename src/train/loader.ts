import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { InternalError, UserError } from "../base/errors.js";
import { BatchMaker } from "./batch_maker.js";
import type { Batch, LoaderPlan } from "./loader_plan.js";
import { allocateBatch } from "./loader_plan.js";

/** Gives the batches of a training in order. */
export interface Loader {
  /** Workers at work; 0: batches are made when they are asked for. */
  readonly workers: number;
  /** The batch of the next step; valid until the call after it. Throws what went wrong in making it. */
  next(): Promise<Batch>;
  close(): Promise<void>;
}

/** Batches that wait for the step, for each worker. */
const ringPerWorker = 2;
const mostWorkers = 3;

/** What a worker is started with. */
export interface WorkerJob {
  readonly plan: LoaderPlan;
  /** The ring, in shared memory. Batch of step s lies at (s - first) mod ring. */
  readonly ring: readonly Batch[];
  /** By place in the ring: 0 free, 1 filled. Int32 in shared memory. */
  readonly filled: Int32Array;
  readonly firstStep: number;
  readonly worker: number;
  readonly workers: number;
}

/** What a worker says: a batch is there, or why there will be none. */
export type WorkerMessage = { filled: number } | { fault: string; user: boolean };

/**
 * Starts making batches.
 * @param firstStep step of the first batch, counted from 1
 * @param workers 0 to 3 threads; what they make does not depend on their number. From TypeScript sources there are none.
 */
export async function openLoader(plan: LoaderPlan, firstStep: number, workers: number): Promise<Loader> {
  const script = new URL("./loader_worker.js", import.meta.url);
  const count = Math.max(0, Math.min(mostWorkers, workers));
  if (count === 0 || !existsSync(fileURLToPath(script))) return DirectLoader.open(plan, firstStep);
  return new WorkerLoader(plan, firstStep, count, script);
}

/** Makes batches in this thread. */
class DirectLoader implements Loader {
  readonly workers = 0;
  readonly #maker: BatchMaker;
  readonly #batch: Batch;
  #step: number;

  constructor(plan: LoaderPlan, maker: BatchMaker, firstStep: number) {
    this.#maker = maker;
    this.#batch = allocateBatch(plan, false);
    this.#step = firstStep;
  }

  static async open(plan: LoaderPlan, firstStep: number): Promise<DirectLoader> {
    return new DirectLoader(plan, await BatchMaker.open(plan), firstStep);
  }

  async next(): Promise<Batch> {
    await this.#maker.make(this.#step++, this.#batch);
    return this.#batch;
  }

  async close(): Promise<void> {
    this.#maker.close();
  }
}

/** Workers take turns: worker w makes the batches of steps first + w, first + w + workers, ... */
class WorkerLoader implements Loader {
  readonly workers: number;
  readonly #ring: readonly Batch[];
  readonly #filled: Int32Array;
  readonly #threads: readonly Worker[];
  #taken = 0;
  #fault: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(plan: LoaderPlan, firstStep: number, workers: number, script: URL) {
    this.workers = workers;
    const places = workers * ringPerWorker;
    this.#ring = Array.from({ length: places }, () => allocateBatch(plan, true));
    this.#filled = new Int32Array(new SharedArrayBuffer(4 * places));
    this.#threads = Array.from({ length: workers }, (_, worker) => {
      const job: WorkerJob = { plan, ring: this.#ring, filled: this.#filled, firstStep, worker, workers };
      return this.#start(script, job);
    });
  }

  #start(script: URL, job: WorkerJob): Worker {
    const thread = new Worker(script, { workerData: job, execArgv: [] });
    thread.on("message", (message: WorkerMessage) => {
      if ("fault" in message) this.#fail(message.user ? new UserError(message.fault) : new InternalError(message.fault));
      else this.#wake?.();
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
    while (Atomics.load(this.#filled, place) === 0) {
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#taken++;
    return this.#ring[place];
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
