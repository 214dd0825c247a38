/** What a program of another system is given to talk with. */
export interface ProgramContext {
  /** Aborts when the person stops the program; what was reached is to be saved. */
  readonly signal: AbortSignal;
  /** Writes one line for people or scripts to standard output. */
  readonly print: (line: string) => void;
  /** Writes one line to standard error: what the original would not have said. */
  readonly warn: (line: string) => void;
}

/** One program of another system, such as `train.py` of ML-KWS. */
export interface CompatProgram {
  /**
   * Does what the original does.
   * @param args what stands after the program's name, as it stood in the original's command line
   * @returns exit code: 0 done, 1 failed, 2 wrong usage
   * @throws UsageError, UserError, FormatError for what a user can mend
   */
  run(args: readonly string[], context: ProgramContext): Promise<number>;
}

/** A program in the table: loaded only when it is called. */
export interface ProgramEntry {
  readonly summary: string;
  readonly load: () => Promise<CompatProgram>;
}

/** One of the systems whose command lines are taken. */
export interface CompatSystem {
  /** As it is called after `earshot compat`. */
  readonly name: string;
  readonly summary: string;
  /** By name, without ".py"; a system of one program has it under "". */
  readonly programs: Readonly<Record<string, ProgramEntry>>;
}
