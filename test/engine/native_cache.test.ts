import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
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
});
