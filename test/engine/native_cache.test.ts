import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { forgetUnused } from "../../src/engine/native_cache.js";
import { nativeCompiler } from "../../src/engine/native_target.js";
import { earshot } from "../cli/command_line.js";
import { tone, writeWav } from "../corpus/folders.js";

const home = mkdtempSync(join(tmpdir(), "earshot-cache-"));
const sound = join(home, "tone.wav");
const libraries = () =>
  readdirSync(join(home, "earshot", "native"))
    .toSorted()
    .map((name) => join(home, "earshot", "native", name));

/** In a process of its own: what the loader is given of a damaged file ends it. */
const predict = () =>
  earshot(["predict", "ds_cnn_s", sound, "--json", "--target", "native"], { environment: { XDG_CACHE_HOME: home } });

describe.skipIf(nativeCompiler() === null)("the cache of native code", () => {
  let wanted: string;
  beforeAll(async () => {
    writeWav(sound, tone(16_000, 440));
    wanted = (await predict()).stdout;
  });

  it("libraries that are empty, cut or changed in the middle are made again", async () => {
    const damages = [
      (path: string) => truncateSync(path, 0),
      (path: string) => truncateSync(path, 9000),
      (path: string) => writeFileSync(path, readFileSync(path).fill(0, 5000, 9000)),
    ];
    const before = libraries().map((path) => readFileSync(path).length);
    expect(before.length).toBeGreaterThan(1);
    libraries().forEach((path, i) => damages[i % damages.length](path));
    const { code, stdout } = await predict();
    expect([code, stdout]).toEqual([0, wanted]);
    expect(libraries().map((path) => readFileSync(path).length)).toEqual(before);
  });

  it("a library that is used is young again", async () => {
    const longAgo = new Date("2020-01-01");
    for (const path of libraries()) utimesSync(path, longAgo, longAgo);
    await predict();
    for (const path of libraries()) expect(statSync(path).mtimeMs).toBeGreaterThan(longAgo.getTime());
  });
});

describe("what is kept too long", () => {
  const folder = join(home, "kept");
  const names = ["a", "b", "c", "d"];
  mkdirSync(folder);
  names.forEach((name, i) => {
    writeFileSync(join(folder, name), Buffer.alloc(100));
    utimesSync(join(folder, name), 1000 + i, 1000 + i);
  });

  it("stays while there is room", () => {
    forgetUnused(folder, 400);
    expect(readdirSync(folder).toSorted()).toEqual(names);
  });

  it("goes, what was not used for longest first, until a quarter is free", () => {
    utimesSync(join(folder, "a"), 2000, 2000);
    forgetUnused(folder, 399);
    expect(readdirSync(folder).toSorted()).toEqual(["a", "d"]);
  });
});
