/** What a user can mend: says which file, what place in it, what was found there and what to do. Printed without a stack trace. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  /** 1: the work failed; 2: the command was used wrongly. */
  readonly exitCode: 1 | 2;
  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A file whose bytes are not what they claim to be. */
export class FormatError extends UserError {
  override readonly name = "FormatError";
  readonly file: string;
  readonly place: string;
  readonly found: string;
  readonly remedy: string;
  /**
   * @param file path or name of the file
   * @param place where in the file ("byte 36", "line 3", "chunk 'fmt '")
   * @param found what stands there
   * @param remedy what the user can do
   */
  constructor(file: string, place: string, found: string, remedy: string) {
    super(`${file}: ${place}: ${found}; ${remedy}`);
    this.file = file;
    this.place = place;
    this.found = found;
    this.remedy = remedy;
  }
}

/** A wrong call: option, value or combination. */
export class UsageError extends UserError {
  override readonly name = "UsageError";
  constructor(message: string) {
    super(message, { exitCode: 2 });
  }
}

/** A fault of earshot itself: an invariant that did not hold. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}

/** Throws InternalError unless the condition holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}
