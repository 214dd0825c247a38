import { UserError } from "../base/errors.js";
import { meaningOf } from "../base/system_error.js";

/** What is printed about an error, and the exit code that goes with it. */
export interface Failure {
  message: string;
  exitCode: 1 | 2;
}

/**
 * Turns an error into words: what a user can mend as it is, what the system refused with the path,
 * anything else as a fault of earshot.
 * @param debug whether a fault is printed with its stack
 */
export function explainFailure(error: unknown, debug: boolean): Failure {
  if (error instanceof UserError)
    return { message: `earshot: ${error.message}${debug ? `\n${error.stack}` : ""}`, exitCode: error.exitCode };
  const system = explainSystemError(error);
  if (system !== undefined && !debug) return { message: `earshot: ${system}`, exitCode: 1 };
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (debug) return { message: `earshot: ${error instanceof Error ? (error.stack ?? what) : what}`, exitCode: 1 };
  const advice =
    "This is a fault of earshot, not of what you gave it. EARSHOT_DEBUG=1 shows where it happened; please report it.";
  return { message: `earshot: ${what}\n${advice}`, exitCode: 1 };
}

function explainSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const meaning = code === undefined ? undefined : meaningOf(code);
  if (meaning === undefined || syscall === undefined) return undefined;
  return path === undefined ? `${meaning} (${syscall})` : `${path}: ${meaning}`;
}
