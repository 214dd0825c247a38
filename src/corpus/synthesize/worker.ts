import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../../base/errors.js";
import { runTask } from "./task.js";
import type { Job, Task } from "./task.js";

/** What a worker answers: clips written, or what went wrong. */
export type Answer = { clips: number } | { fault: string; user: boolean };

const job = workerData as Job;

parentPort?.on("message", (tasks: Task[]) => {
  void (async () => {
    try {
      let clips = 0;
      for (const task of tasks) {
        await runTask(job, task);
        clips += task.speakers.length;
      }
      parentPort?.postMessage({ clips } satisfies Answer, []);
    } catch (error) {
      const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const user = error instanceof UserError;
      parentPort?.postMessage({ fault: user ? error.message : fault, user } satisfies Answer, []);
    }
  })();
});
