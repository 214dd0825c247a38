import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset } from "../../src/corpus/dataset.js";
import { writeRunningSpeech } from "../../src/corpus/running_speech.js";
import { fliteAvailable } from "../../src/signal/speech.js";
import { temporaryFolder } from "../train/tones.js";

const options = { count: 3, seconds: 4, clipSeconds: 1, seed: 5, voices: ["rms", "pico-gb"], keywords: ["go"] } as const;

describe.skipIf(!(await fliteAvailable()))("running speech", () => {
  it("is a source of unknown words, the same bytes for a seed", async () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    const result = await writeRunningSpeech({ ...options, out: a });
    await writeRunningSpeech({ ...options, out: b });
    expect(result.recordings).toBe(3);
    // Half a clip apart, seven fit into four seconds.
    expect(result.clips).toBeGreaterThan(9);
    expect(result.clips).toBeLessThanOrEqual(21);
    const { clips, labels } = openDataset(result.manifest, {
      words: ["go"],
      silence: false,
      unknown: true,
      partial: true,
    });
    expect(labels).toContain("_unknown_");
    expect(clips.length).toBe(result.clips);
    for (const { label, split, start, end, path } of clips) {
      expect([label, split]).toEqual(["_unknown_", "training"]);
      expect(end! - start!).toBeCloseTo(1);
      expect(readFileSync(path)).toEqual(readFileSync(join(b, path.slice(a.length))));
    }
  });

  it("leaves a manifest of what was spoken where it is stopped", async () => {
    const out = temporaryFolder();
    const stopper = new AbortController();
    const onProgress = (done: number): void => (done === 2 ? stopper.abort() : undefined);
    await expect(writeRunningSpeech({ ...options, out, onProgress, signal: stopper.signal })).rejects.toThrow(/abort/);
    const { clips } = openDataset(join(out, "running.jsonl"), { words: ["go"], silence: false, unknown: true, partial: true });
    const sounds = readdirSync(out).filter((name) => name.endsWith(".wav"));
    expect(sounds).toHaveLength(2);
    expect(new Set(clips.map(({ path }) => path))).toEqual(new Set(sounds.map((name) => join(out, name))));
  });

  it("refuses clips longer than their recording", async () => {
    await expect(writeRunningSpeech({ ...options, clipSeconds: 5, out: temporaryFolder() })).rejects.toThrow(
      /a clip of 5 s is longer than its recording of 4 s; raise --seconds/,
    );
  });

  it("refuses a voice that is not there before it makes a folder", async () => {
    const out = join(temporaryFolder(), "new");
    await expect(writeRunningSpeech({ ...options, voices: ["pico"], out })).rejects.toThrow(
      "there is no voice 'pico'; the voices are awb, rms, slt, kal, kal16, pico-us, pico-gb",
    );
    expect(existsSync(out)).toBe(false);
  });
});
