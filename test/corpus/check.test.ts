import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkDataset } from "../../src/corpus/check.js";
import { openDataset } from "../../src/corpus/dataset.js";
import { measureLevels } from "../../src/corpus/levels.js";
import { datasetStatistics } from "../../src/corpus/statistics.js";
import { dataFolder, temporaryFolder, tone, writeWav } from "./folders.js";

const root = temporaryFolder();
const write = (name: string, samples: Float32Array, rate?: number) => writeWav(join(root, name), samples, rate);
write("yes/good_nohash_0.wav", tone(16000, 400));
write("yes/twin_nohash_0.wav", tone(16000, 400));
write("no/liar_nohash_0.wav", tone(16000, 400));
write("yes/zero_nohash_0.wav", new Float32Array(16000));
write("yes/quiet_nohash_0.wav", tone(16000, 300, 0.0005));
write(
  "yes/loud_nohash_0.wav",
  tone(16000, 200, 3).map((value) => Math.max(-1, Math.min(1, value))),
);
write("yes/short_nohash_0.wav", tone(12000, 500));
write("yes/tiny_nohash_0.wav", tone(400, 500));
write("no/rate_nohash_0.wav", tone(8000, 500, 0.5, 8000), 8000);
write("_silence_/1.wav", new Float32Array(16000));
write("_background_noise_/hum.wav", tone(40000, 50, 0.1));
writeFileSync(join(root, "no", "broken_nohash_0.wav"), "RIFF....WAVE");
writeFileSync(join(root, "testing_list.txt"), "yes/gone.wav\n");

describe("data check", () => {
  it("names every file with its problem, and no other", async () => {
    const seen: [number, number][] = [];
    const report = await checkDataset(root, { onProgress: (done, total) => seen.push([done, total]) });
    const found = report.findings.map(({ path, problem, severity }) => `${path.slice(root.length + 1)} ${problem} ${severity}`);
    expect(found.toSorted()).toEqual(
      [
        "yes/gone.wav missing error",
        "no/broken_nohash_0.wav unreadable error",
        "no/rate_nohash_0.wav wrong rate warning",
        "yes/good_nohash_0.wav duplicate warning",
        "yes/twin_nohash_0.wav duplicate warning",
        "yes/zero_nohash_0.wav silent warning",
        "yes/zero_nohash_0.wav duplicate warning",
        "yes/quiet_nohash_0.wav silent warning",
        "yes/loud_nohash_0.wav clipped warning",
        "yes/short_nohash_0.wav too short notice",
        "yes/tiny_nohash_0.wav too short warning",
      ].toSorted(),
    );
    expect([report.files, report.counts.duplicate, report.counts.silent, seen.at(-1)]).toEqual([12, 3, 2, [12, 12]]);
    expect(report.findings.find((each) => each.problem === "missing")?.detail).toMatch(/testing_list\.txt line 1/);
    expect(report.findings.find((each) => each.path.includes("good"))?.detail).toMatch(
      /the same sound as .*liar_nohash_0\.wav although that is 'no'/,
    );
  });

  it.each([
    ["training", "validation", "testing"],
    ["train", "valid", "test"],
  ])("looks into the folders %s, %s and %s of a set that is split by them", async (...parts) => {
    const split = temporaryFolder();
    for (const [i, part] of parts.entries()) writeWav(join(split, part, "yes", "a.wav"), tone(16000, 400 + i));
    expect(await checkDataset(split)).toMatchObject({ files: 3, findings: [] });
  });

  it("checks manifests, and says where there is nothing to check", async () => {
    writeFileSync(
      join(root, "m.jsonl"),
      '{"path": "yes/zero_nohash_0.wav", "label": "yes"}\n{"path": "yes/good_nohash_0.wav", "label": "yes"}',
    );
    const report = await checkDataset(join(root, "m.jsonl"));
    expect(report.findings.map((each) => each.problem)).toEqual(["silent"]);
    await expect(checkDataset(temporaryFolder())).rejects.toThrow(/no sound files/);
    await expect(checkDataset(join(root, "nowhere"))).rejects.toThrow(/no such folder/);
  });

  it("counts only runs at full scale as clipped", () => {
    expect(measureLevels(Float32Array.of(1, 1, 0.5, 1, 1, 1, 1, -1, -1, -1, 0.99, 0.98))).toMatchObject({ clipped: 7, peak: 1 });
    expect(measureLevels(new Float32Array(0))).toEqual({ peak: 0, rms: 0, clipped: 0 });
  });
});

describe("data stats", () => {
  it("counts clips, speakers, durations and levels", async () => {
    const folder = temporaryFolder();
    for (const [name, seconds] of [
      ["training/yes/ann_nohash_0.wav", 1],
      ["training/no/bob_nohash_0.wav", 0.5],
      ["validation/yes/cat_nohash_0.wav", 1],
      ["validation/no/ann_nohash_1.wav", 1],
      ["testing/yes/dan_nohash_0.wav", 1],
      ["testing/no/dan_nohash_1.wav", 1],
    ] as const) {
      writeWav(join(folder, name), new Float32Array(16000 * seconds).fill(0.1));
    }
    writeWav(join(folder, "_background_noise_", "hum.wav"), tone(32000, 50));
    const statistics = await datasetStatistics(
      openDataset(folder, { words: ["yes", "no"], silence: true, silencePercentage: 50 }),
    );
    const { training } = statistics.splits;
    expect(training).toMatchObject({ clips: 3, generatedSilence: 1, speakers: 2, byLabel: { _silence_: 1, no: 1, yes: 1 } });
    expect([training.seconds?.lowest, training.seconds?.median, training.seconds?.highest]).toEqual([0.5, 0.75, 1]);
    expect(training.level?.mean).toBeCloseTo(-20, 2);
    expect([statistics.speakers, statistics.speakersInSeveralSplits, statistics.unreadable]).toEqual([4, ["ann"], []]);
    expect([statistics.noise.files, statistics.noise.hours * 3600]).toEqual([1, 2]);
  });
});

const speech = join(dataFolder, "speech_commands");
it.skipIf(!existsSync(speech))("finds the 71 clips of shared data below one second (skipped without EARSHOT_DATA)", async () => {
  const report = await checkDataset(speech);
  expect([report.files, report.counts["too short"], report.counts.unreadable, report.counts["wrong rate"]]).toEqual([
    2376, 71, 0, 0,
  ]);
});
