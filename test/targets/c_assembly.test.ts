import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/formats/model_file.js";
import { resolveModel } from "../../src/formats/shipped.js";
import { openModel } from "../../src/measure/spotter_model.js";
import { compilerFlags, warningFlags } from "../../src/targets/c/cpu.js";
import { deepestStack } from "../../src/targets/c/stack_usage.js";
import { earshot } from "../cli/command_line.js";
import { hasCrossTools, runOnCore } from "./cross_tools.js";

const base = mkdtempSync(join(tmpdir(), "earshot-asm-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Feeds two exports with a saw tooth, in pieces, and prints the bits of their scores. */
const main = `#include "board.h"
#include "first/model.h"
#include "second/model.h"
static int16_t samples[2000];
static void print_bits(float score) {
  union { float f; uint32_t u; } bits;
  static char digit[2];
  int i;
  bits.f = score;
  for (i = 28; i >= 0; i -= 4) {
    digit[0] = "0123456789abcdef"[(bits.u >> i) & 15];
    host_print(digit);
  }
  host_print(" ");
}
int main(void) {
  int32_t part, i;
  first_reset();
  second_reset();
  for (part = 0; part < 8; part++) {
    for (i = 0; i < 2000; i++) samples[i] = (int16_t)((part * 2000 + i) % 97 * 100);
    (void)first_feed(samples, 2000);
    (void)second_feed(samples, 1111);
    (void)second_feed(samples + 1111, 889);
  }
  (void)first_run();
  (void)second_run();
  for (i = 0; i < FIRST_SCORES; i++) print_bits(first_scores()[i]);
  for (i = 0; i < SECOND_SCORES; i++) print_bits(second_scores()[i]);
  return 0;
}
`;

/** Floats from their bits in hexadecimal. */
function floatsOf(text: string): Float32Array {
  return new Float32Array(Uint32Array.from(text.trim().split(/\s+/), (word) => Number.parseInt(word, 16)).buffer);
}

async function exported(prefix: string, ...more: string[]): Promise<Record<string, unknown>> {
  const out = join(base, prefix);
  mkdirSync(out, { recursive: true });
  const args = ["export", "ds_cnn_s", "--to", "c", "--asm", "--cpu", "m4", "--prefix", prefix, "--out", out, "--json", ...more];
  const { code, stdout, stderr } = await earshot(args);
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

test("the deepest chain of calls counts, shared functions once", () => {
  const graph = `graph: { title: "a.c"
node: { title: "a.c:leaf" label: "leaf\\na.c:1:1\\n48 bytes (static)" }
node: { title: "a.c:middle" label: "middle\\na.c:2:1\\n20 bytes (static)" }
node: { title: "memcpy" label: "memcpy\\n<built-in>" shape : ellipse }
edge: { sourcename: "a.c:middle" targetname: "a.c:leaf" label: "a.c:2:5" }
edge: { sourcename: "a.c:middle" targetname: "memcpy" }
node: { title: "top" label: "top\\na.c:3:1\\n8 bytes (static)" }
edge: { sourcename: "top" targetname: "a.c:middle" label: "a.c:3:5" }
edge: { sourcename: "top" targetname: "a.c:leaf" label: "a.c:3:6" }
edge: { sourcename: "top" targetname: "other" }
}`;
  const other = `node: { title: "other" label: "other\\nb.c:1:1\\n72 bytes (static)" }`;
  expect(deepestStack([graph, other])).toBe(80);
  expect(deepestStack([graph])).toBe(76);
});

describe.skipIf(!hasCrossTools)("export --to c --asm (skipped without a cross compiler and QEMU)", () => {
  const four = ["featurizer.h", "featurizer.S", "model.h", "model.S"];

  test("two models' four files link into one program, which gives the probabilities", async () => {
    const said = await exported("first");
    await exported("second", "--float-abi", "hard");
    expect(said["files"]).toEqual(expect.arrayContaining([...four, "featurizer.c", "model.c"]));
    const header = readFileSync(join(base, "first/model.h"), "utf8");
    const figure = (name: string): number => Number(new RegExp(`#define FIRST_${name}_BYTES (\\d+)`).exec(header)?.[1]);
    expect([figure("FLASH"), figure("STACK"), figure("RAM")]).toEqual([said["flashBytes"], said["stackBytes"], said["ramBytes"]]);
    expect(figure("FLASH")).toBeGreaterThan(figure("FLASH_DATA") + 1000);
    expect(figure("STACK")).toBeGreaterThan(50);
    writeFileSync(join(base, "main.c"), main);
    const sources = ["first", "second"].flatMap((p) => [`${p}/featurizer.S`, `${p}/model.S`]);
    const printed = floatsOf(runOnCore(base, ["main.c", ...sources], "cortex-m4", "hard"));
    const model = await loadModel(resolveModel("ds_cnn_s"));
    const spotter = await openModel(model, { name: "ds_cnn_s", target: "wasm" });
    const wanted = await spotter.scoreSounds(
      Float32Array.from({ length: 16000 }, (_, i) => ((i % 97) * 100) / 32768),
      1,
    );
    spotter.close();
    expect(printed.length).toBe(2 * wanted.length);
    for (const [i, value] of printed.entries()) expect(Math.abs(value - wanted[i % wanted.length]!)).toBeLessThan(1e-4);
  });

  test("the calling convention for floats is the one asked for, and the C compiles with all warnings", async () => {
    const { execFileSync } = await import("node:child_process");
    for (const abi of ["softfp", "soft"] as const) {
      await exported(abi, "--float-abi", abi);
      const assembly = readFileSync(join(base, abi, "model.S"), "utf8");
      // Tag 28 says that floats are passed in the unit's registers; with softfp the unit computes all the same.
      expect(assembly).not.toContain(".eabi_attribute 28, 1");
      expect(assembly.includes("vfma.f32")).toBe(abi === "softfp");
      const flags = [...compilerFlags("cortex-m4", abi), ...warningFlags];
      for (const name of ["model.c", "featurizer.c"])
        execFileSync("arm-none-eabi-gcc", [...flags, "-O1", "-c", name, "-o", "/dev/null"], { cwd: join(base, abi) });
    }
  });
});
