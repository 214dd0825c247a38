import { UserError } from "../base/errors.js";

/** Exit code of a program that SIGINT ended, as shells give it (128 + 2). */
const ENDED_BY_INTERRUPT = 130;

/**
 * Runs work that Ctrl-C (or SIGTERM) can stop: the first aborts the signal, so that the work can save what it has;
 * the second ends the program at once.
 * @param whatRemains said to the user when the work was stopped, such as "the same command goes on where it stopped"
 * @throws UserError in place of the error with which interrupted work ends
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, whatRemains: string): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(ENDED_BY_INTERRUPT);
    process.stderr.write("\nstopping; press Ctrl-C again to end at once\n");
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw new UserError(`interrupted; ${whatRemains}`, { cause: error });
    throw error;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
