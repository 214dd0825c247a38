import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Cpu, compilerFlags, type FloatAbi } from "../../src/targets/c/cpu.js";
import { boardFor, boardHeader, linkerScript, startup } from "../../src/targets/c/example/firmware.js";

/** Whether a program is there. */
export function answers(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Whether programs for Cortex-M can be built and run here. */
export const hasCrossTools = ["arm-none-eabi-gcc", "arm-none-eabi-g++", "qemu-system-arm"].every(answers);

/**
 * Links sources of a folder (C, or assembly as .S) into a program for a core for which QEMU has a board, and runs it there, in that
 * folder; gives what it prints.
 */
export function runOnCore(folder: string, sources: readonly string[], cpu: Cpu, abi: FloatAbi): string {
  const board = boardFor(cpu);
  const files = { "board.h": boardHeader, "startup.c": startup, "board.ld": linkerScript(board) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const link = ["-nostartfiles", "--specs=nano.specs", "-T", "board.ld"];
  const all = [...compilerFlags(cpu, abi), "-O2", ...link, "startup.c", ...sources, "-o", "firmware.elf"];
  execFileSync("arm-none-eabi-gcc", all, { cwd: folder });
  const quiet = ["-display", "none", "-monitor", "none", "-serial", "none", "-chardev", "stdio,id=host"];
  const host = ["-semihosting-config", "enable=on,target=native,chardev=host"];
  return execFileSync("qemu-system-arm", ["-M", board.machine, ...quiet, ...host, "-kernel", "firmware.elf"], {
    cwd: folder,
    encoding: "utf8",
  });
}
