import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { warningFlags } from "../../src/targets/c/cpu.js";

/** The machine's C compiler, or undefined where none answers. */
export function hostCompiler(): string | undefined {
  const name = process.env["EARSHOT_CC"] ?? "cc";
  if (name === "none") return undefined;
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return name;
  } catch {
    return undefined;
  }
}

/** Compiles files with all warnings as errors and runs the program on the input; gives what it writes. */
export function runOnHost(
  files: readonly { readonly name: string; readonly text: string }[],
  input: Uint8Array,
  options: readonly string[] = [],
): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "earshot-c-"));
  try {
    for (const { name, text } of files) writeFileSync(join(folder, name), text);
    const sources = files.map((f) => f.name).filter((name) => name.endsWith(".c"));
    const program = join(folder, "program");
    execFileSync(hostCompiler()!, [...warningFlags, "-O1", ...options, ...sources, "-o", program], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    // A file, which programs may read twice.
    const given = join(folder, "input");
    writeFileSync(given, input);
    return execFileSync(program, { stdio: [openSync(given, "r"), "pipe", "pipe"], maxBuffer: 1 << 26 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
