import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-export-c-"));
afterAll(() => rmSync(base, { recursive: true }));

describe("earshot export --to c", () => {
  it("writes header and source and says what they need", async () => {
    const out = join(base, "firmware");
    const args = ["export", "ds_cnn_s", "--to", "c", "--prefix", "kws", "--cpu", "m4", "--out", out, "--json"];
    const { code, stdout, stderr } = await earshot(args);
    expect([code, stderr]).toEqual([0, ""]);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ folder: out, format: "c", files: ["kws.h", "kws.c"], cpu: "cortex-m4", floatAbi: "hard" });
    const header = readFileSync(join(out, "kws.h"), "utf8");
    expect(header).toContain(`#define KWS_RAM_BYTES ${said.ramBytes}\n`);
    expect(header).toContain("-mcpu=cortex-m4");
    // Every function that other files see begins with the prefix, and no library but string.h is used.
    const source = readFileSync(join(out, "kws.c"), "utf8");
    const seen = source.match(/^(?!static|typedef|#|\/| |\}|\{)[a-z][\w ]*\**\w+\(/gm) ?? [];
    expect(seen.length).toBeGreaterThan(3);
    for (const text of seen) expect(text).toMatch(/\bkws_\w+\($/);
    expect(source.match(/#include .*/g)).toEqual(['#include "kws.h"', "#include <string.h>"]);
  });

  it("makes a prefix of any file's name", async () => {
    for (const [file, prefix] of [
      ["2 words für uns.safetensors", "model_2_words_f_r_uns"],
      ["string.safetensors", "model_string"],
      [`${"long_".repeat(12)}.safetensors`, "long_".repeat(8)],
    ] as const) {
      const model = join(base, file);
      copyFileSync("models/ds_cnn_s.safetensors", model);
      const out = join(base, "named");
      const { code, stderr } = await earshot(["export", model, "--to", "c", "--out", out]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(readdirSync(out).toSorted()).toEqual([`${prefix}.c`, `${prefix}.h`]);
      rmSync(out, { recursive: true });
    }
  });

  it("says what is wrong, and writes nothing", async () => {
    const out = join(base, "never");
    const text = join(base, "broken.tflite");
    writeFileSync(text, "no model");
    const cases: [string[], number, RegExp][] = [
      [["ds_cnn_s", "--to", "c", "--cpu", "m99"], 2, /--cpu m99: must be one of generic, cortex-m0/],
      [["ds_cnn_s", "--to", "c", "--prefix", "9 lives"], 2, /--prefix "9 lives" is no C name/],
      [["ds_cnn_s", "--to", "c", "--prefix", "stdint"], 2, /--prefix stdint: stdint\.h would hide .*--prefix model_stdint$/m],
      [["ds_cnn_s", "--to", "c", "--prefix", "String"], 2, /--prefix String: String\.h would hide the standard header/],
      [["ds_cnn_s", "--to", "c", "--prefix", "main", "--example"], 2, /--prefix main: --example writes a main\.c of its own/],
      [["ds_cnn_s", "--to", "c", "--features", "op"], 2, /--features op: for --to c/],
      [["ds_cnn_s", "--to", "c", "--hops", "2"], 2, /--hops goes with --stream/],
      [["ds_cnn_s", "--to", "c", "--example", "--features", "none"], 2, /--example classifies sounds/],
      [["ds_cnn_s", "--to", "c", "--example", "--cpu", "m0"], 2, /no example for --cpu cortex-m0/],
      [["ds_cnn_s", "--to", "c", "--asm"], 2, /--asm compiles for a core/],
      [["ds_cnn_s", "--to", "c", "--float-abi", "hard"], 2, /--float-abi hard is about a core: name it/],
      [["ds_cnn_s", "--to", "c", "--float-abi", "softfp", "--cpu", "m0"], 2, /a cortex-m0 has no floating-point unit/],
      [["ds_cnn_s", "--to", "c", "--asm", "--example", "--cpu", "m4"], 2, /--example goes with C, not with --asm/],
      [["ds_cnn_s", "--cpu", "m4"], 2, /--cpu is for --to c/],
      [[text, "--to", "c"], 1, /broken\.tflite/],
    ];
    for (const [args, exit, message] of cases) {
      const { code, stderr } = await earshot(["export", ...args, "--out", out]);
      expect([code, stderr]).toEqual([exit, expect.stringMatching(message)]);
    }
    expect(existsSync(out)).toBe(false);
  });

  // The advice was --runtime, which these commands have not.
  it("says where else the network of a .tflite file with a front end is", async () => {
    const file = join(base, "samples.tflite");
    expect((await earshot(["export", "ds_cnn_s", "--features", "builtin", "--out", file])).code).toBe(0);
    const cases: [string[], string][] = [
      [["export", file, "--to", "c", "--out", join(base, "no")], "give the model file (.safetensors) that it was made from"],
      [["export", file, "--states", "resource", "--out", join(base, "no.tflite")], "export the model file (.safetensors)"],
      [["profile", file], "profile the model file (.safetensors) that it was made from"],
    ];
    for (const [args, advice] of cases) {
      const { code, stderr } = await earshot(args);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`(RFFT2D): this operator cannot be read; ${advice}`)]);
      expect(stderr).not.toContain("--runtime");
    }
  });
});
