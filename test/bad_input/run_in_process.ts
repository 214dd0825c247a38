import { vi } from "vitest";
import { commands } from "../../src/cli/commands.js";
import { runCommandLine } from "../../src/cli/run.js";

/** What a command line left. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line as `earshot` does, in this process: some forty processes would take longer than all of the work. */
export async function runInProcess(args: readonly string[]): Promise<Outcome> {
  const texts = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      texts[name] += String(text);
      return true;
    }),
  );
  const faults = process.listeners("uncaughtException");
  const errors = process.stdout.listeners("error");
  try {
    return { code: await runCommandLine(commands, args), ...texts };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
    removeNew("uncaughtException", process, faults);
    removeNew("error", process.stdout, errors);
  }
}

function removeNew(event: string, source: NodeJS.EventEmitter, before: readonly unknown[]): void {
  for (const listener of source.listeners(event))
    if (!before.includes(listener)) source.off(event, listener as (...args: unknown[]) => void);
}
