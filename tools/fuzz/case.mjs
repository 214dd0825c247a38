import { UserError } from "../../dist/base/errors.js";
import { hashText, RandomStream } from "../../dist/base/random.js";

/** Longest that a case may take, in ms: of a processor's time where the machine is busy with other work. */
export const mostMilliseconds = 1000;

/** Bytes by which a case may raise the resident memory of a fresh process. */
export function mostMemory(inputBytes) {
  return 64 * 2 ** 20 + 8 * inputBytes;
}

/** The bytes of a case: a function of target, seed and number. */
export function bytesOf(target, seed, number) {
  return target.generate(new RandomStream(seed, hashText(target.name), number));
}

/**
 * Runs a case.
 * @returns whether it was accepted, the error where it was refused, whether that error is of a wrong kind, and the time in ms
 */
export async function runCase(target, bytes) {
  const started = performance.now();
  const used = process.cpuUsage();
  let error;
  try {
    await target.run(bytes);
  } catch (thrown) {
    error = thrown ?? new Error("something empty was thrown");
  }
  const { user, system } = process.cpuUsage(used);
  const milliseconds = Math.min(performance.now() - started, (user + system) / 1000);
  return { accepted: error === undefined, error, isFault: error !== undefined && !(error instanceof UserError), milliseconds };
}
