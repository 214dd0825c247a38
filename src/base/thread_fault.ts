import { InternalError, UserError } from "./errors.js";

/** An error on its way from a thread: messages carry no classes. */
export interface ThreadFault {
  readonly fault: string;
  /** Of a UserError; null: a fault of earshot itself, whose text has the stack of the thread. */
  readonly exitCode: 1 | 2 | null;
}

/** What a thread says of its error. */
export function faultOf(error: unknown): ThreadFault {
  if (error instanceof UserError) return { fault: error.message, exitCode: error.exitCode };
  return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: null };
}

/** The error where it is heard, with the exit code that it had. */
export function errorOf({ fault, exitCode }: ThreadFault): Error {
  return exitCode === null ? new InternalError(fault) : new UserError(fault, { exitCode });
}
