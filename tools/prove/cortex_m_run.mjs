import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilerFlags, warningFlags } from "../../dist/targets/c/cpu.js";
import { boardFor, boardHeader, linkerScript, startup } from "../../dist/targets/c/example/firmware.js";
import { measuringMain } from "./cortex_m_main.mjs";

const emulator = "-display none -monitor none -serial none -icount shift=6 -chardev stdio,id=host".split(" ");
emulator.push("-semihosting-config", "enable=on,target=native,chardev=host");
const compiler = "arm-none-eabi-gcc";

/** Whether the cross compiler and QEMU answer. */
export function hasCrossTools() {
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
    execFileSync("qemu-system-arm", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Compiles an export for a core and runs it there on clips.
 * @param made what exportC gave
 * @param clips bytes of all clips: 16-bit samples, or features
 * @param samples of a clip; 0 where features go in
 * @returns results as bytes (logits where they are integers, else scores; every one of a stream), instructions, bytes of code, stack
 */
export function runOnCore(made, { cpu, floatAbi, clips, samples, optimize = "-O2" }) {
  const { prefix, output, logits, stream } = made.parts;
  const folder = mkdtempSync(join(tmpdir(), "earshot-core-"));
  const flags = compilerFlags(cpu, floatAbi);
  const board = boardFor(cpu);
  const run = (program, args) =>
    execFileSync(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 26 });
  try {
    for (const { name, text } of made.files) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "startup.c"), startup);
    writeFileSync(join(folder, "board.h"), boardHeader);
    writeFileSync(join(folder, "board.ld"), linkerScript(board));
    const result = logits ? "logits" : "scores";
    const { element } = logits ?? output;
    const main = measuringMain({ prefix, samples, result, element, streams: stream !== undefined });
    writeFileSync(join(folder, "main.c"), main);
    writeFileSync(join(folder, "clips.bin"), clips);
    run(compiler, [...flags, ...warningFlags, optimize, "-fstack-usage", "-c", `${prefix}.c`, "-o", "model.o"]);
    const link = ["-nostartfiles", "--specs=nano.specs", "-T", "board.ld"];
    run(compiler, [...flags, "-std=gnu99", "-O2", "-w", ...link, "main.c", "startup.c", "model.o", "-o", "firmware.elf"]);
    const printed = run("qemu-system-arm", emulator.concat("-M", board.machine, "-kernel", "firmware.elf")).toString();
    const values = Object.fromEntries(
      printed
        .trim()
        .split("\n")
        .map((line) => line.split(" "))
        .map(([name, value]) => [name, Number(value)]),
    );
    const perTick = 2e6 / values.known;
    const [text, data, bss] = run("arm-none-eabi-size", ["model.o"]).toString().split("\n")[1].trim().split(/\s+/).map(Number);
    return {
      scores: readFileSync(join(folder, "scores.bin")),
      clips: values.clips,
      steps: values.steps,
      runInstructions: Math.round((values.run * perTick) / values.clips),
      feedInstructions: values.steps > 0 ? Math.round((values.feed * perTick) / values.steps) : 0,
      codeBytes: text - made.flashDataBytes,
      flashBytes: text + data,
      ramBytes: data + bss,
      stackBytes: values.stack,
    };
  } finally {
    if (!process.env.EARSHOT_KEEP) rmSync(folder, { recursive: true, force: true });
  }
}
