import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import type { Clip } from "../../src/corpus/clip.js";
import { ModelStream } from "../../src/detect/model_stream.js";
import { defaultTarget } from "../../src/engine/compile.js";
import { loadModel } from "../../src/formats/model_file.js";
import { resolveModel } from "../../src/formats/shipped.js";
import { evaluateScores } from "../../src/measure/metrics.js";
import { openModel } from "../../src/measure/spotter_model.js";
import { soundSet } from "../../src/train/sources.js";

const model = await loadModel(resolveModel("ds_cnn_s"));
const targets = [...new Set(["wasm", defaultTarget()] as const)];

describe("a spotter that is used wrongly", () => {
  const opened: { close(): void }[] = [];
  afterAll(() => opened.forEach((each) => each.close()));

  // Native code waited for threads that were gone, at full speed and for ever.
  it.each(targets)("says that it is closed (%s)", async (target) => {
    const spotter = await openModel(model, { name: "m", target });
    const stream = await ModelStream.open(model, { target });
    for (const each of [spotter, spotter, stream, stream]) each.close();
    await expect(spotter.scoreSounds(new Float32Array(16_000), 1)).rejects.toThrow(/^program \S+ is closed; open it again$/);
    expect(() => stream.feed(new Float32Array(32_000))).toThrow(UserError);
  });

  it("refuses numbers that are not whole clips, whose rest would be what was heard before", async () => {
    const spotter = await openModel(model, { name: "m", target: "wasm" });
    opened.push(spotter);
    await expect(spotter.scoreSounds(new Float32Array(100), 1)).rejects.toThrow("100 samples for 1 clips; a clip has 16000");
    await expect(spotter.scoreSounds(new Float32Array(16_000), 2)).rejects.toThrow(UserError);
    await expect(spotter.scoreFeatures(new Float32Array(7), 1)).rejects.toThrow("7 features for 1 clips; a clip has 490");
    expect(await spotter.scoreSounds(new Float32Array(0), 0)).toHaveLength(0);
  });

  it("refuses clips and scores with labels that it has not", () => {
    const clip: Clip = { path: "a.wav", label: "robin", word: "robin", speaker: "", split: "testing", kind: "file" };
    expect(() => soundSet([clip], ["yes", "no"])).toThrow(new UserError("a.wav: its label 'robin' is none of yes, no"));
    expect(() => evaluateScores([2], [0.5, 0.5], ["yes", "no"])).toThrow(new UserError("clip 0: label 2 is none of 0 to 1"));
    expect(() => evaluateScores([0], [0.5], ["yes", "no"])).toThrow(UserError);
  });
});
