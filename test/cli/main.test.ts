import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../train/tones.js";
import { earshot, root } from "./command_line.js";

/** How many modules of Node that only real work needs are loaded after a script. */
function heavyModules(script: string): string {
  const count = "console.log(process.moduleLoadList.filter((name) => /zlib|worker|http|wasi/.test(name)).length)";
  return spawnSync(process.execPath, ["--input-type=module", "-e", script + count], { encoding: "utf8" }).stdout;
}

describe("earshot", () => {
  it("--help lists the commands with a line each", async () => {
    const { code, stdout, stderr } = await earshot(["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/Usage: earshot/);
    expect(stdout).toMatch(/^ {2}data .* data sets$/m);
    expect(stdout).toMatch(/^ {2}report .* training run/m);
  });

  it("shows its help on stderr and fails where no command is given", async () => {
    const { code, stdout, stderr } = await earshot([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/Usage: earshot/);
  });

  it("prints the version of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect((await earshot(["--version"])).stdout).toBe(`${version}\n`);
  });

  it("prints the help of a command in both spellings", async () => {
    const [first, second] = await Promise.all([earshot(["help", "report"]), earshot(["report", "--help"])]);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain("--out <file>");
    expect(second.stdout).toBe(first.stdout);
  });

  it("prints the help of a command of a command, too", async () => {
    const [first, second] = await Promise.all([earshot(["help", "data", "get"]), earshot(["data", "get", "--help"])]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.stdout).toContain("Usage: earshot data get");
    expect(first.stdout).toBe(second.stdout);
  });

  it("lists the programs of one other system", async () => {
    const { code, stdout } = await earshot(["help", "compat", "ml-kws"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ml-kws .*\n {2}train /);
    expect(stdout).not.toContain("fastcells");
  });

  it("has no help for what is no command", async () => {
    const { code, stdout, stderr } = await earshot(["help", "reprot"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^earshot: unknown command 'reprot'\n\(Did you mean report\?\)/);
  });

  it("names the nearest command for a misspelt one", async () => {
    const { code, stderr } = await earshot(["reprot", "x"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^earshot: unknown command 'reprot'\n\(Did you mean report\?\)/);
  });

  it("names the nearest option for a misspelt one", async () => {
    const { code, stderr } = await earshot(["report", "x", "--jsno"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^earshot: unknown option '--jsno'\n\(Did you mean --json\?\)/);
  });

  it("names the missing argument", async () => {
    const { code, stderr } = await earshot(["report"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^earshot: missing required argument 'runs'/);
  });

  it("takes - for no file to write, whatever the command", async () => {
    const cwd = temporaryFolder();
    const lines = ["stream ds_cnn_s -o -", "export ds_cnn_s --to c --out -", "data long --data words -o -", "recipes x --out=-"];
    for (const line of lines) {
      const { code, stderr } = await earshot(line.split(" "), { cwd });
      expect([code, stderr]).toEqual([
        2,
        "earshot: --out -: results are not written to standard output; give a path, such as ./- for one of that name\n",
      ]);
    }
    expect(readdirSync(cwd)).toEqual([]);
    expect(await earshot(["export", "ds_cnn_s", "--to", "c", "--out", "./-"], { cwd })).toMatchObject({ code: 0 });
    expect(readdirSync(cwd)).toEqual(["-"]);
  });

  it("loads nothing but the command's words for the help", () => {
    // Time depends on the machine; what is loaded does not.
    expect(heavyModules(`await import(${JSON.stringify(join(root, "dist/cli/run.js"))});`)).toBe(heavyModules(""));
  });
});
