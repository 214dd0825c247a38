import { CodeWriter, type ModuleWriter } from "./wasm_assembler.js";

/** Byte of memory that counts the threads that have arrived. */
export const arrivedByte = 0;
/** Byte of memory that counts the meetings so far; on a cache line of its own, as the waiting threads read it. */
export const meetingByte = 128;
/** Byte of memory that counts the runs that were begun; threads sleep on it in between. */
export const jobByte = 256;
/** Byte of memory that is not zero when threads shall end instead of running. */
export const stopByte = 384;
/** Byte of memory that is not zero when a thread has failed: who waits for it in a barrier traps. */
export const failedByte = 512;
/** Byte of memory that counts the threads that sleep in a barrier, or are about to. */
export const sleepersByte = 640;
/** Nanoseconds after which a sleeping thread looks whether another has failed. */
const sleepNanoseconds = 500_000_000;

/** while (load(meeting) == this meeting && --spins) {} */
function spin(code: CodeWriter, meeting: number, spins: number): void {
  const left = code.local("i32");
  code.i32(spins);
  code.set(left);
  code.block();
  code.loop();
  hasPassed(code, meeting);
  code.branchIf(1);
  code.get(left);
  code.i32(1);
  code.op("i32.sub");
  code.tee(left);
  code.branchIf(0);
  code.end();
  code.end();
  code.release(left);
}

function hasPassed(code: CodeWriter, meeting: number): void {
  code.i32(meetingByte);
  code.memory("i32.atomic.load", 0, 2);
  code.get(meeting);
  code.op("i32.ne");
}

function countSleepers(code: CodeWriter, change: number): void {
  code.i32(sleepersByte);
  code.i32(change);
  code.memory("i32.atomic.rmw.add", 0, 2);
  code.op("drop");
}

/** while (load(meeting) == this meeting) wait for notification; trap if a thread has failed */
function sleep(code: CodeWriter, meeting: number): void {
  countSleepers(code, 1);
  code.block();
  code.loop();
  hasPassed(code, meeting);
  code.branchIf(1);
  code.i32(meetingByte);
  code.get(meeting);
  code.i64(sleepNanoseconds);
  code.memory("memory.atomic.wait32", 0, 2);
  code.op("drop");
  code.i32(failedByte);
  code.memory("i32.atomic.load", 0, 2);
  code.if();
  code.op("unreachable");
  code.end();
  code.branch(0);
  code.end();
  code.end();
  countSleepers(code, -1);
}

/**
 * The last to arrive: empties the counter, then opens the next meeting and wakes those that sleep. Who counts itself as asleep after that
 * finds the next meeting open, and does not sleep.
 */
function release(code: CodeWriter): void {
  code.i32(arrivedByte);
  code.i32(0);
  code.memory("i32.atomic.store", 0, 2);
  code.i32(meetingByte);
  code.i32(1);
  code.memory("i32.atomic.rmw.add", 0, 2);
  code.op("drop");
  code.i32(sleepersByte);
  code.memory("i32.atomic.load", 0, 2);
  code.if();
  code.i32(meetingByte);
  code.i32(-1);
  code.memory("memory.atomic.notify", 0, 2);
  code.op("drop");
  code.end();
}

/**
 * Adds the function barrier(threads): returns when all threads have called it, for shared memory whose words at
 * `arrivedByte`, `meetingByte` and `sleepersByte` were zero at first. A waiting thread spins for a while, then sleeps.
 */
export function addBarrier(module: ModuleWriter, spins: number): number {
  const threads = 0;
  const code = new CodeWriter(["i32"]);
  const meeting = code.local("i32");
  code.get(threads);
  code.i32(1);
  code.op("i32.le");
  code.if();
  code.op("return");
  code.end();
  // The meeting is read before arriving: after it, the last thread may already have opened the next.
  code.i32(meetingByte);
  code.memory("i32.atomic.load", 0, 2);
  code.set(meeting);
  code.i32(arrivedByte);
  code.i32(1);
  code.memory("i32.atomic.rmw.add", 0, 2);
  code.i32(1);
  code.op("i32.add");
  code.get(threads);
  code.op("i32.eq");
  code.if();
  release(code);
  code.else();
  spin(code, meeting, Math.max(1, spins));
  sleep(code, meeting);
  code.end();
  return module.add({ parameters: ["i32"], results: [], body: code.finish() });
}
