import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeWav } from "../../src/signal/wav.js";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-data-"));
afterAll(() => rmSync(base, { recursive: true }));
const clips = join(base, "clips");
const real = join(process.env["EARSHOT_DATA"] ?? "EARSHOT_DATA is not set", "speech_commands");

function tone(frequency: number, count = 16_000, rate = 16_000): Uint8Array {
  const samples = Float32Array.from({ length: count }, (_, i) => 0.3 * Math.sin((2 * Math.PI * frequency * i) / rate));
  return encodeWav({ samples, sampleRate: rate });
}

beforeAll(() => {
  for (const word of ["yes", "no"]) mkdirSync(join(clips, word), { recursive: true });
  for (let i = 0; i < 6; i++) writeFileSync(join(clips, `yes/0000000${i}_nohash_0.wav`), tone(300 + i));
  for (let i = 0; i < 6; i++) writeFileSync(join(clips, `no/0000000${i}_nohash_0.wav`), tone(600 + i));
});

/** SHA-256 of all files of a folder with their names. */
function digest(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()) {
    if (/\.\w+$/.test(name)) hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex");
}

describe("earshot data check", () => {
  it("finds no fault in good files", async () => {
    const { code, stdout, stderr } = await earshot(["data", "check", clips]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("12 files: nothing to find fault with\n");
  });

  it("names every bad file, the gravest first, and fails where one cannot be used", async () => {
    const bad = join(base, "bad");
    mkdirSync(join(bad, "yes"), { recursive: true });
    writeFileSync(join(bad, "yes/a.wav"), "RIFF, but no more");
    writeFileSync(join(bad, "yes/b.wav"), encodeWav({ samples: new Float32Array(16_000), sampleRate: 16_000 }));
    writeFileSync(join(bad, "yes/c.wav"), tone(440, 8000, 8000));
    writeFileSync(join(bad, "yes/d.wav"), tone(440, 4000));
    writeFileSync(join(bad, "yes/e.wav"), tone(440));
    copyFileSync(join(bad, "yes/e.wav"), join(bad, "yes/f.wav"));
    const { code, stdout } = await earshot(["data", "check", bad]);
    expect(code).toBe(1);
    expect(stdout.split("\n")[0]).toMatch(/^error: unreadable: .*a\.wav: /);
    expect(stdout).toMatch(/silent: .*b\.wav/);
    expect(stdout).toMatch(/wrong rate: .*c\.wav: 8000 Hz/);
    expect(stdout).toMatch(/too short: .*d\.wav: 0\.250 s/);
    expect(stdout).toMatch(/duplicate: .*f\.wav: the same sound as .*e\.wav/);
    expect(stdout).not.toMatch(/: .*e\.wav: /);
    expect(stdout).toMatch(/6 files: .*; 1 cannot be used\n$/);
    const { stdout: json } = await earshot([
      "data",
      "check",
      bad,
      "--json",
      "--silent-below",
      "-200",
      "--min-seconds",
      "0.1",
      "--rate",
      "8000",
    ]);
    expect(JSON.parse(json)).toMatchObject({ files: 6, errors: 1, counts: { unreadable: 1, "too short": 0, "wrong rate": 4 } });
  });

  it("fails for a folder that is not there, and for an option out of bounds", async () => {
    const [missing, rate] = await Promise.all([
      earshot(["data", "check", join(base, "none")]),
      earshot(["data", "check", clips, "--rate", "0"]),
    ]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^earshot: .*none/);
    expect(missing.stderr).not.toMatch(/fault of earshot/);
    expect(rate.code).toBe(2);
    expect(rate.stderr).toMatch(/'0' is invalid.* whole number from 1 to 768000/);
  });
});

describe("earshot data stats", () => {
  it("counts by label and split", async () => {
    const { code, stdout } = await earshot(["data", "stats", clips, "--words", "yes,no", "--json"]);
    expect(code).toBe(0);
    const { splits, labels, speakers } = JSON.parse(stdout) as {
      splits: Record<string, { byWord: Record<string, number> }>;
      labels: string[];
      speakers: number;
    };
    expect(labels).toEqual(["_silence_", "_unknown_", "yes", "no"]);
    expect(speakers).toBe(6);
    const yes = Object.values(splits).reduce((sum, split) => sum + (split.byWord["yes"] ?? 0), 0);
    expect(yes).toBe(6);
  });

  it("prints a table, and takes labels away", async () => {
    const { stdout } = await earshot(["data", "stats", clips, "--words", "yes", "--no-silence", "--no-unknown"]);
    expect(stdout).toMatch(/^clips .*training/m);
    expect(stdout).toMatch(/^yes /m);
    expect(stdout).not.toMatch(/_silence_|_unknown_/);
  });

  it("names a wanted word that has no clips", async () => {
    const { code, stderr } = await earshot(["data", "stats", clips, "--words", "yes,robin"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/robin/);
  });

  it.skipIf(!existsSync(real))(
    "counts the 1,270 testing clips of Speech Commands (skipped where EARSHOT_DATA has no speech_commands)",
    async () => {
      const { stdout } = await earshot(["data", "stats", real, "--json"]);
      const { testing } = (JSON.parse(stdout) as { splits: { testing: { clips: number; byLabel: Record<string, number> } } })
        .splits;
      expect(testing.clips).toBe(1270);
      expect([testing.byLabel["_silence_"], testing.byLabel["_unknown_"], testing.byLabel["go"]]).toEqual([60, 210, 100]);
    },
  );
});

describe("earshot data list", () => {
  it("writes the lists and the categories, and makes missing lists by the hash", async () => {
    const folder = join(base, "listed");
    for (const word of ["no", "yes", "_background_noise_"]) mkdirSync(join(folder, word), { recursive: true });
    for (const word of ["no", "yes"]) for (let i = 0; i < 40; i++) writeFileSync(join(folder, word, `${i}_nohash_0.wav`), "");
    const { code, stdout, stderr } = await earshot(["data", "list", folder, "--max", "5", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const { categories, clips: counts, folders } = JSON.parse(stdout);
    expect([categories, counts.training, folders.length]).toEqual([["no", "yes"], 10, 2]);
    const lines = (name: string) => readFileSync(join(folder, name), "utf8").trim().split("\n");
    expect(lines("categories.txt")).toEqual(["no", "yes"]);
    expect(lines("training_list.txt")).toHaveLength(10);
    expect(lines("testing_list.txt")).toHaveLength(counts.testing);
    const again = await earshot(["data", "list", folder]);
    expect(again.stdout).toBe(
      `${folder}: 2 categories; ${80 - counts.testing - counts.validation} training, ${counts.validation} validation, ${counts.testing} testing\n`,
    );
    const gone = await earshot(["data", "list", join(base, "gone")]);
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining("there is no such folder")]);
  });
});

describe("earshot data synth", () => {
  const args = [
    "data",
    "synth",
    "--words",
    "yes,hey robin",
    "--per-word",
    "4",
    "--voices",
    "kal,slt",
    "--hold-out",
    "slt",
    "--seed",
    "3",
  ];

  it("writes the same bytes for the same seed, however many workers", async () => {
    const [one, two] = [join(base, "one"), join(base, "two")];
    const first = await earshot([...args, "--workers", "1", "--out", one, "--json"]);
    expect([first.code, first.stderr]).toEqual([0, ""]);
    expect(JSON.parse(first.stdout)).toMatchObject({ folder: one, clips: 8, splits: { training: 4, validation: 2, testing: 2 } });
    const second = await earshot([...args, "--workers", "2", "--out", two]);
    expect(second.stdout).toMatch(/two: 8 clips \(4 training, 2 validation, 2 testing\) of \d+ speakers/);
    expect(digest(two)).toBe(digest(one));
    const other = join(base, "other");
    await earshot([...args.slice(0, -1), "4", "--out", other]);
    expect(digest(other)).not.toBe(digest(one));
  });

  it("takes the other words of Speech Commands by one name", async () => {
    const out = join(base, "others");
    const { code, stdout } = await earshot([
      "data",
      "synth",
      "--words",
      "yes",
      "--per-word",
      "1",
      "--unknown-words",
      "others",
      "--out",
      out,
      "--json",
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ clips: 26 });
    expect(readdirSync(out)).toContain("marvin");
  });

  it("explains wrong use", async () => {
    const cases: [args: string[], message: RegExp][] = [
      [["--words", "yes"], /required option '-o, --out <folder>' not specified/],
      [["--out", join(base, "x"), "--voices", "bob"], /there is no voice 'bob'; the voices are/],
      [["--out", join(base, "x"), "--words", "yes,,no"], /no empty item/],
      [["--out", join(base, "x"), "--words", "yes,no,Yes"], /the word 'Yes' is listed twice; name every word once/],
      [["--out", join(base, "x"), "--per-word", "1e9"], /whole number from 1/],
      [["--out", join(base, "x"), "--per-wrod", "3"], /Did you mean --per-word/],
    ];
    const results = await Promise.all(cases.map(([list]) => earshot(["data", "synth", ...list])));
    for (const [i, { code, stderr }] of results.entries()) {
      expect(code).toBe(2);
      expect(stderr).toMatch(cases[i]![1]);
    }
  });
});
