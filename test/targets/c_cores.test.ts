import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Cpu, compilerFlags, type FloatAbi, warningFlags } from "../../src/targets/c/cpu.js";
import { type ExportedModel, exportC } from "../../src/targets/c/export.js";
import { hasCrossTools, runOnCore } from "./cross_tools.js";
import { drawnFloat, oracleOfFloats } from "./drawn_float.js";
import { drawn, oracle } from "./drawn_integer.js";

/** Runs the network on each of the inputs of a file, and writes what it gives to another. */
const main = `#include "board.h"
#include "net.h"
int main(void) {
  const int from = host_open("inputs.bin", 1), to = host_open("outputs.bin", 5);
  const int32_t bytes = (int32_t)(NET_FEATURES * sizeof *net_features());
  net_reset();
  while (host_read(from, net_features(), bytes) == bytes) {
    (void)net_run();
    host_write(to, net_scores(), (int32_t)(NET_SCORES * sizeof *net_scores()));
  }
  return 0;
}
`;

function outputsOf(model: ExportedModel, inputs: ArrayBufferLike, cpu: Cpu, floatAbi: FloatAbi): ArrayBuffer {
  const folder = mkdtempSync(join(tmpdir(), "earshot-core-"));
  try {
    const made = exportC(model, { prefix: "net", cpu, floatAbi, features: "none", rate: 16000 });
    for (const { name, text } of made.files) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "main.c"), main);
    writeFileSync(join(folder, "inputs.bin"), new Uint8Array(inputs));
    const strict = [...compilerFlags(cpu, floatAbi), ...warningFlags, "-O1", "-c", "net.c", "-o", "/dev/null"];
    execFileSync("arm-none-eabi-gcc", strict, { cwd: folder });
    runOnCore(folder, ["main.c", "net.c"], cpu, floatAbi);
    return Uint8Array.from(readFileSync(join(folder, "outputs.bin"))).buffer;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const cores: [cpu: Cpu, floatAbi: FloatAbi, what: string][] = [
  ["cortex-m4", "hard", "DSP instructions"],
  ["cortex-m55", "hard", "vectors"],
];

describe.skipIf(!hasCrossTools)("drawn networks on emulated cores (skipped without a cross compiler and QEMU)", () => {
  for (const [cpu, floatAbi, what] of cores) {
    for (const seed of [21, 22, 24])
      test(`integers on ${cpu}, ${what}: network ${seed} to the bit`, async () => {
        const model = drawn(seed);
        const { inputs, outputs } = await oracle(model);
        expect(new Set(outputs).size).toBeGreaterThan(3);
        expect([...new Int8Array(outputsOf(model, inputs.buffer, cpu, floatAbi))]).toEqual(outputs);
      });
    for (const seed of [21, 22])
      test(`floats on ${cpu}, ${what}: network ${seed}`, async () => {
        const model = drawnFloat(seed);
        const { inputs, outputs } = await oracleOfFloats(model);
        const found = new Float32Array(outputsOf(model, inputs.buffer, cpu, floatAbi));
        expect(found.length).toBe(outputs.length);
        for (const [i, x] of outputs.entries()) expect(Math.abs(x - found[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(x)));
      });
  }
});
