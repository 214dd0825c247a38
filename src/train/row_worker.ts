import { parentPort, workerData } from "node:worker_threads";
import { faultOf } from "../base/thread_fault.js";
import { RowMaker, type RowPlan } from "./row_maker.js";
import { type RowAnswer, rowsOfTask, type RowTask } from "./row_pool.js";

const plan = workerData as RowPlan;
const maker = RowMaker.open(plan);
let turn: Promise<unknown> = Promise.resolve();

function say(answer: RowAnswer): void {
  parentPort?.postMessage(answer, "rows" in answer ? answer.rows.map((rows) => rows.buffer as ArrayBuffer) : []);
}

async function work(task: RowTask): Promise<void> {
  try {
    say({ task: task.task, rows: await rowsOfTask(await maker, plan.rate, task) });
  } catch (error) {
    say(faultOf(error));
  }
}

parentPort?.on("message", (task: RowTask) => {
  // One after another: they share the program.
  turn = turn.then(() => work(task));
});
