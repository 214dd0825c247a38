import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { InternalError } from "../../base/errors.js";
import { errorOf } from "../../base/thread_fault.js";
import { runTask } from "./task.js";
import type { Job, Task } from "./task.js";
import type { Answer } from "./worker.js";

/** Tasks sent at a time: enough to hide the message, few enough to end together. */
const batch = 6;

/**
 * Runs all tasks, in this thread or in several workers. What is written does not depend on the number of workers.
 * @param onClips is told how many more clips are written
 * @param signal ends the work between two tasks, with its reason
 */
export async function runTasks(
  job: Job,
  tasks: readonly Task[],
  workers: number,
  onClips: (count: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const script = new URL("./worker.js", import.meta.url);
  // Run from TypeScript sources (tests) there is no compiled worker.
  if (workers <= 1 || tasks.length <= batch || !existsSync(fileURLToPath(script))) {
    for (const task of tasks) {
      // A turn of the event loop, in which a signal is heard at all.
      await setImmediate();
      signal?.throwIfAborted();
      await runTask(job, task);
      onClips(task.speakers.length);
    }
    return;
  }
  let next = 0;
  const take = (): Task[] => {
    const some = tasks.slice(next, next + batch);
    next += some.length;
    return some;
  };
  const threads: Worker[] = [];
  try {
    await Promise.all(
      Array.from({ length: workers }, () => {
        const worker = new Worker(script, { workerData: job, execArgv: [] });
        threads.push(worker);
        return drive(worker, take, onClips, signal);
      }),
    );
  } finally {
    await Promise.all(threads.map((worker) => worker.terminate()));
  }
}

/** Keeps one worker busy until no task is left. */
function drive(worker: Worker, take: () => Task[], onClips: (count: number) => void, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const send = (): void => {
      const tasks = take();
      if (tasks.length === 0) resolve();
      else worker.postMessage(tasks, []);
    };
    worker.on("message", (answer: Answer) => {
      if ("fault" in answer) reject(errorOf(answer));
      else {
        onClips(answer.clips);
        send();
      }
    });
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    if (signal?.aborted) return reject(signal.reason as Error);
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new InternalError(`a synthesis worker ended with code ${code}`)));
    send();
  });
}
