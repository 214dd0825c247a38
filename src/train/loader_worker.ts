import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../base/errors.js";
import { BatchMaker } from "./batch_maker.js";
import { LoaderClock } from "./loader_clock.js";
import type { WorkerJob, WorkerMessage } from "./loader.js";

/** Makes every `workers`-th batch, and waits while its place in the ring is not free. */
async function work({
  plan,
  memory,
  ring,
  filled,
  gate,
  stages,
  profile,
  firstStep,
  worker,
  workers,
}: WorkerJob): Promise<never> {
  const clock = new LoaderClock(stages);
  // While the gate is shut, the step has the cores.
  const maker = await BatchMaker.open(plan, { memory, clock, profile, pause: () => void Atomics.wait(gate, 0, 0) });
  for (let turn = worker; ; turn += workers) {
    const place = turn % ring.length;
    clock.start();
    Atomics.wait(filled, place, 1);
    clock.lap("wait");
    await maker.make(firstStep + turn, ring[place]);
    Atomics.store(filled, place, 1);
    say(profile ? { filled: place, kernels: maker.kernelTimes() } : { filled: place });
  }
}

function say(message: WorkerMessage): void {
  parentPort?.postMessage(message, []);
}

work(workerData as WorkerJob).catch((error: unknown) => {
  const user = error instanceof UserError;
  const fault = error instanceof Error && !user ? (error.stack ?? error.message) : String((error as Error).message);
  say({ fault, user });
});
