import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { earshot, root } from "../cli/command_line.js";

const cases = 200;
const folder = mkdtempSync(join(tmpdir(), "earshot-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("fuzzers", () => {
  it("a short run over every reader and the arguments finds nothing", async () => {
    // Builds what the fuzzers read with.
    expect((await earshot(["--version"])).code).toBe(0);
    const { targets } = (await import(join(root, "tools/fuzz/targets/index.mjs"))) as { targets: { name: string }[] };
    const names = targets.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(12);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        "--expose-gc",
        join(root, "tools/fuzz/main.mjs"),
        "--cases",
        String(cases * names.length),
        "--seed",
        "1",
        "--found",
        join(folder, "found"),
      ],
      { encoding: "utf8" },
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(new RegExp(`^all +${cases * names.length} `, "m"));
    for (const name of names) {
      const [, read, accepted, refused] = new RegExp(`^${name} +(\\d+) +(\\d+) +(\\d+) `, "m").exec(stdout) ?? [];
      expect([name, Number(read)]).toEqual([name, cases]);
      // A target that accepts nothing, or everything, tests nothing.
      expect(Math.min(Number(accepted), Number(refused))).toBeGreaterThan(5);
    }
    expect(readdirSync(folder)).toEqual([]);
    expect(status).toBe(0);
  }, 180_000);
});
