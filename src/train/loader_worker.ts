import { parentPort, workerData } from "node:worker_threads";
import { faultOf } from "../base/thread_fault.js";
import { BatchMaker } from "./batch_maker.js";
import { LoaderClock } from "./loader_clock.js";
import type { WorkerJob, WorkerMessage } from "./loader.js";

/** Makes every `workers`-th batch, and waits while its place in the ring is not free or the step has the cores. */
async function work({
  plan,
  memory,
  ring,
  filled,
  allowed,
  made,
  takeTurns,
  stages,
  profile,
  firstStep,
  worker,
  workers,
}: WorkerJob): Promise<never> {
  const clock = new LoaderClock(stages);
  const maker = await BatchMaker.open(plan, { memory, clock, profile });
  for (let turn = worker; ; turn += workers) {
    const place = turn % ring.length;
    clock.start();
    Atomics.wait(filled, place, 1);
    for (let now = Atomics.load(allowed, 0); now <= turn; now = Atomics.load(allowed, 0)) Atomics.wait(allowed, 0, now);
    clock.lap("wait");
    await maker.make(firstStep + turn, ring[place]);
    if (profile) say({ kernels: maker.kernelTimes() });
    Atomics.store(filled, place, 1);
    const count = Atomics.add(made, 0, 1) + 1;
    if (!takeTurns || count === Atomics.load(allowed, 0)) Atomics.notify(made, 0);
  }
}

function say(message: WorkerMessage): void {
  parentPort?.postMessage(message, []);
}

work(workerData as WorkerJob).catch((error: unknown) => say(faultOf(error)));
