import { existsSync } from "node:fs";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { InternalError } from "../base/errors.js";
import { errorOf, type ThreadFault } from "../base/thread_fault.js";
import type { ClipPlace } from "../corpus/load_clip.js";
import { readSound } from "../signal/decode.js";
import { type Recording, RowMaker, type RowPlan } from "./row_maker.js";

/** Recordings that are read and computed together. */
const taskSize = 32;
/** Tasks that a worker has before it at most. */
const ahead = 2;

/** What a worker is sent: the recordings of a task, the first of which has that place. */
export interface RowTask {
  readonly task: number;
  readonly place: number;
  readonly clips: readonly ClipPlace[];
}

/** What a worker says: the rows of a task's recordings, or why there are none. */
export type RowAnswer = { readonly task: number; readonly rows: Float32Array[] } | ThreadFault;

/** How rows are computed; nothing of it changes them. */
export interface RowPoolOptions {
  /** Threads beside this one; 0: this one computes. From TypeScript sources there are none. */
  readonly workers: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The rows of recordings, one array [rows, width] each, in order.
 * @throws UserError where a recording cannot be read
 */
export async function* rowsOf(
  plan: RowPlan,
  clips: readonly ClipPlace[],
  { workers, signal }: RowPoolOptions,
): AsyncGenerator<Float32Array> {
  const tasks: RowTask[] = [];
  for (let place = 0; place < clips.length; place += taskSize)
    tasks.push({ task: tasks.length, place, clips: clips.slice(place, place + taskSize) });
  const script = new URL("./row_worker.js", import.meta.url);
  const count = Math.min(workers, tasks.length);
  if (count === 0 || !existsSync(fileURLToPath(script))) yield* here(plan, tasks, signal);
  else yield* inWorkers(plan, tasks, script, count, signal);
}

async function* here(plan: RowPlan, tasks: readonly RowTask[], signal: AbortSignal | undefined): AsyncGenerator<Float32Array> {
  const maker = await RowMaker.open(plan);
  try {
    for (const task of tasks) {
      await turnOfTheLoop();
      signal?.throwIfAborted();
      yield* await rowsOfTask(maker, plan.rate, task);
    }
  } finally {
    maker.close();
  }
}

/** Reads the recordings of a task and computes their rows. */
export async function rowsOfTask(maker: RowMaker, rate: number, { place, clips }: RowTask): Promise<Float32Array[]> {
  const recordings: Recording[] = [];
  for (const [i, clip] of clips.entries())
    recordings.push({
      place: place + i,
      samples: clip.kind === "silence" ? new Float32Array(maker.clipSamples) : await wholeSound(clip, rate),
    });
  return maker.make(recordings);
}

async function wholeSound({ path, start = 0, end = Infinity }: ClipPlace, rate: number): Promise<Float32Array> {
  const { samples } = await readSound(path, { rate });
  return start === 0 && end === Infinity ? samples : samples.subarray(Math.round(start * rate), Math.round(end * rate));
}

async function* inWorkers(
  plan: RowPlan,
  tasks: readonly RowTask[],
  script: URL,
  count: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Float32Array> {
  const done = new Map<number, Float32Array[]>();
  let next = 0;
  let failure: Error | undefined;
  let wake = (): void => {};
  const threads = Array.from({ length: count }, () => new Worker(script, { workerData: plan }));
  const give = (worker: Worker): void => {
    if (next < tasks.length) worker.postMessage(tasks[next++], []);
  };
  const onAbort = (): void => wake();
  signal?.addEventListener("abort", onAbort);
  for (const worker of threads) {
    worker.on("message", (answer: RowAnswer) => {
      if ("fault" in answer) failure ??= errorOf(answer);
      else done.set(answer.task, answer.rows);
      wake();
    });
    worker.on("error", (error) => {
      failure ??= error instanceof Error ? error : new InternalError(String(error));
      wake();
    });
    for (let i = 0; i < ahead; i++) give(worker);
  }
  try {
    for (let task = 0; task < tasks.length; task++) {
      while (!done.has(task)) {
        signal?.throwIfAborted();
        if (failure !== undefined) throw failure;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      yield* done.get(task) as Float32Array[];
      done.delete(task);
      // A new task for each that was taken: what waits to be taken stays bounded.
      give(threads[task % count] as Worker);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await Promise.all(threads.map((worker) => worker.terminate()));
  }
}
