import { UserError } from "../base/errors.js";
import { systemCode } from "../base/system_error.js";

/** Exit codes of a program that a signal ended, as shells give them (128 + its number). */
const ENDED_BY = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs work that Ctrl-C (or SIGTERM) can stop: the first aborts the signal, so that the work can save what it has;
 * the second ends the program at once.
 * @param whatRemains said to the user when the work was stopped, such as "the same command goes on where it stopped"
 * @throws UserError in place of the error with which interrupted work ends
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, whatRemains: string): Promise<T> {
  const controller = new AbortController();
  const onSignal = (signal: keyof typeof ENDED_BY): void => {
    if (controller.signal.aborted) process.exit(ENDED_BY[signal]);
    process.stderr.write("\nstopping; press Ctrl-C again to end at once\n");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    // Where the disk failed at the last moment, what was reached is not saved.
    const refused = error instanceof UserError && systemCode(error.cause) !== undefined;
    if (controller.signal.aborted && !refused) throw new UserError(`interrupted; ${whatRemains}`, { cause: error });
    throw error;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
