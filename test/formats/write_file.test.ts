import { execFile } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { writeFileSafely } from "../../src/formats/write_file.js";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "earshot-write-"));
const bytes = new TextEncoder().encode("weights");

describe("writing a file safely", () => {
  it("writes what a link leads to, and leaves the link", async () => {
    writeFileSync(join(folder, "today.bin"), "old");
    symlinkSync("today.bin", join(folder, "latest.bin"));
    await writeFileSafely(join(folder, "latest.bin"), bytes);
    expect(lstatSync(join(folder, "latest.bin")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, "today.bin"), "utf8")).toBe("weights");
    expect(readdirSync(folder).toSorted()).toEqual(["latest.bin", "today.bin"]);
  });

  it("takes the place of a link that leads nowhere", async () => {
    symlinkSync("gone.bin", join(folder, "dangling.bin"));
    await writeFileSafely(join(folder, "dangling.bin"), bytes);
    expect(readFileSync(join(folder, "dangling.bin"), "utf8")).toBe("weights");
  });

  // A file in the place of /dev/null breaks a machine.
  it("feeds a pipe and leaves it where it is", async () => {
    const pipe = join(folder, "pipe");
    await run("mkfifo", [pipe]);
    const [{ stdout }] = await Promise.all([run("head", ["-c", "100", pipe]), writeFileSafely(pipe, bytes)]);
    expect(stdout).toBe("weights");
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  }, 10_000);

  it.skipIf(process.platform !== "linux")("says why a device refuses", async () => {
    // Through a link: where this fails, what is lost is the link and not the device.
    const full = join(folder, "full");
    symlinkSync("/dev/full", full);
    await expect(writeFileSafely(full, bytes)).rejects.toThrow("full could not be written: no space is left");
    expect(lstatSync(full).isSymbolicLink()).toBe(true);
  });
});
