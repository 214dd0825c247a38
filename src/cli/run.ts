import { Command, CommanderError } from "commander";
import { UsageError } from "../base/errors.js";
import { explainFailure } from "./failure.js";
import { packageVersion } from "./version.js";

/** A row of the command table. */
export interface CommandEntry {
  name: string;
  /** One line for the help text. */
  summary: string;
  /** It only tells: when nobody reads on (`| head`), it ends. All others finish what they are at. */
  endsWithReader?: boolean;
  /** Loads the module that adds the command with its options and action. */
  load(): Promise<{ register(program: Command): void }>;
}

/**
 * Runs one command line.
 * @param given what stands after the program's name
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage
 */
export async function runCommandLine(commands: readonly CommandEntry[], given: readonly string[]): Promise<number> {
  const args = withoutHelpCommand(commands, given);
  goOnWithoutReader(commands.some(({ name, endsWithReader }) => name === args[0] && endsWithReader === true));
  process.on("uncaughtException", (error) => process.exit(fail(error)));
  try {
    const program = await buildProgram(commands, args);
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return fail(error);
  }
}

/** `help data get` as `data get --help`: Commander's own help command goes one level deep and takes any word. */
function withoutHelpCommand(commands: readonly CommandEntry[], args: readonly string[]): readonly string[] {
  const [first, ...words] = args;
  if (first !== "help" || words.length === 0) return args;
  return commands.some(({ name }) => name === words[0]) ? [...words, "--help"] : words;
}

/** The program with the commands that the arguments name in full and all others as a line of the help text. */
export async function buildProgram(commands: readonly CommandEntry[], args: readonly string[]): Promise<Command> {
  const program = new Command("earshot")
    .description("Train, prove, stream, shrink and compile keyword spotters.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .showHelpAfterError("Try it with --help.")
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "earshot: ")) })
    .exitOverride()
    .hook("preAction", (_, command) => refuseDash(command.opts()));
  for (const { name, summary, load } of commands) {
    if (args.includes(name)) {
      (await load()).register(program);
      program.commands.find((command) => command.name() === name)?.summary(summary);
    } else {
      program.command(name).summary(summary);
    }
  }
  return program;
}

/** Other programs write to standard output where the file is "-"; here it would be a file or folder of that name. */
function refuseDash({ out }: { out?: unknown }): void {
  if (out === "-")
    throw new UsageError("--out -: results are not written to standard output; give a path, such as ./- for one of that name");
}

function fail(error: unknown): number {
  // Commander has printed its own message; asking for help or the version is no failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const { message, exitCode } = explainFailure(error, Boolean(process.env["EARSHOT_DEBUG"]));
  process.stderr.write(`${message}\n`);
  return exitCode;
}

let watched = false;
let readerEnds = false;

/**
 * `earshot ... | head` closes our output early: that is the reader's right, not a failure, and no reason to lose a training.
 * @param ends whether there is nothing else to do than to be read
 */
function goOnWithoutReader(ends: boolean): void {
  readerEnds = ends;
  if (watched) return;
  watched = true;
  const left = (error: NodeJS.ErrnoException): boolean => error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED";
  process.stdout.on("error", (error) => {
    if (!left(error)) throw error;
    if (readerEnds) process.exit(0);
  });
  process.stderr.on("error", (error) => {
    if (!left(error)) throw error;
  });
}
