import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../base/errors.js";
import { makeTemporaryFolder } from "../../base/temporary_folder.js";
import { deepestStack } from "./stack_usage.js";

const compiler = "arm-none-eabi-gcc";

/** What a compiler made of an export's sources. */
export interface CompiledCode {
  /** Bytes of code and of constants in flash, without libc and start code. */
  readonly flashBytes: number;
  /** Bytes of stack below a caller of the deepest function, but for what libc's memcpy and memset take. */
  readonly stackBytes: number;
  /** NAME.S of each source. */
  readonly assembly: readonly { readonly name: string; readonly text: string }[];
}

/** Whether this machine has a compiler for Cortex-M. */
export function hasCrossCompiler(): boolean {
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Compiles an export for a core.
 * @param flags that name the core and the optimization
 * @throws UserError where there is no compiler, or it refuses
 */
export function crossCompile(
  files: readonly { readonly name: string; readonly text: string }[],
  flags: readonly string[],
): CompiledCode {
  if (!hasCrossCompiler())
    throw new UserError(`${compiler} does not answer: install it, or export without --asm and compile the C yourself`);
  const folder = makeTemporaryFolder("cross");
  try {
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    const names = files.map((f) => f.name).filter((name) => name.endsWith(".c"));
    const stems = names.map((name) => basename(name, ".c"));
    for (const stem of stems) {
      run(folder, compiler, [...flags, "-std=c99", "-fcallgraph-info=su", "-S", `${stem}.c`, "-o", `${stem}.S`]);
      run(folder, compiler, [...flags, "-c", `${stem}.S`, "-o", `${stem}.o`]);
    }
    const sizes = run(folder, "arm-none-eabi-size", ["-B", ...stems.map((s) => `${s}.o`)])
      .trim()
      .split("\n")
      .slice(1);
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    return {
      flashBytes: sizes.map((line) => line.trim().split(/\s+/).map(Number)).reduce((sum, [text, data]) => sum + text! + data!, 0),
      stackBytes: deepestStack(stems.map((s) => read(`${s}.ci`))),
      assembly: stems.map((s) => ({ name: `${s}.S`, text: read(`${s}.S`) })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `crossCompile` gives, or undefined where there is no compiler, or one without a C library. */
export function tryCrossCompile(...given: Parameters<typeof crossCompile>): CompiledCode | undefined {
  try {
    return crossCompile(...given);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function run(folder: string, program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 26 });
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? "").trim();
    throw new UserError(`${program} ${args.join(" ")} failed: ${said.split("\n")[0] || String(error)}`);
  }
}
