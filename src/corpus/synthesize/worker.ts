import { parentPort, workerData } from "node:worker_threads";
import { faultOf, type ThreadFault } from "../../base/thread_fault.js";
import { runTask } from "./task.js";
import type { Job, Task } from "./task.js";

/** What a worker answers: clips written, or what went wrong. */
export type Answer = { clips: number } | ThreadFault;

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
      parentPort?.postMessage(faultOf(error) satisfies Answer, []);
    }
  })();
});
