import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { predictFile } from "../../src/measure/predict.js";
import { openSpotter, type SpotterOptions } from "../../src/measure/spotter.js";

const models = join(import.meta.dirname, "../../../shared/models");
const tiny = join(models, "mlperf-tiny/kws_ref_model.tflite");
const clip = join(models, "clips/down/8625475c_nohash_0.flac");
const labels = ["Down", "Go", "Left", "No", "Off", "On", "Right", "Stop", "Up", "Yes", "Silence", "Unknown"];
const folder = mkdtempSync(join(tmpdir(), "earshot-foreign-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function heard(path: string, options: SpotterOptions) {
  const spotter = await openSpotter(path, { target: "wasm", ...options });
  try {
    return await predictFile(spotter, clip);
  } finally {
    spotter.close();
  }
}

describe.skipIf(!existsSync(tiny))("a foreign .tflite file (skipped without ../shared/models)", () => {
  const labelFile = join(folder, "labels.txt");
  writeFileSync(labelFile, `${labels.join("\n")}\n`);
  const options = { frontend: "FE-B", labels: labelFile };

  it("takes front end and labels from options, on our kernels and in LiteRT", async () => {
    const ours = await heard(tiny, options);
    expect(ours.label).toBe("Down");
    expect(ours.score * 256).toBe(255);
    const theirs = await heard(tiny, { ...options, runtime: "litert" });
    expect(theirs.label).toBe("Down");
  });

  it("takes them from the JSON file beside it", async () => {
    const copy = join(folder, "kws.tflite");
    copyFileSync(tiny, copy);
    writeFileSync(join(folder, "kws.json"), JSON.stringify({ frontend: "FE-B", labels }));
    expect(await heard(copy, {})).toEqual(await heard(tiny, options).then((p) => ({ ...p })));
    writeFileSync(join(folder, "kws.json"), JSON.stringify({ frontend: "FE-B", labels, rounding: "up" }));
    await expect(heard(copy, {})).rejects.toThrow(/kws\.json: entry rounding: .*write \{"frontend"/);
  });

  it("is refused with what is missing or does not fit", async () => {
    await expect(heard(tiny, {})).rejects.toThrow(/does not say its labels and front end.*--frontend.*--labels/);
    await expect(heard(tiny, { frontend: "FE-B" })).rejects.toThrow(/does not say its labels,.*give --labels FILE.txt, or/);
    await expect(heard(tiny, { ...options, frontend: "FE-A-640" })).rejects.toThrow(
      /takes 490 numbers, neither 250 features nor 16000/,
    );
    writeFileSync(join(folder, "twice.txt"), "yes\nno\nyes\n");
    await expect(heard(tiny, { ...options, labels: join(folder, "twice.txt") })).rejects.toThrow(/line 3: is there twice/);
    writeFileSync(join(folder, "few.txt"), "yes\nno\n");
    await expect(heard(tiny, { ...options, labels: join(folder, "few.txt") })).rejects.toThrow(/gives 12 scores for 2 labels/);
  });
});
