import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { ModelStream } from "../../src/detect/model_stream.js";
import { saveModel } from "../../src/formats/model_file.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { openListener } from "../../src/measure/listener.js";
import { openSpotter } from "../../src/measure/spotter.js";
import { openTfliteClipStream } from "../../src/measure/tflite_clip_stream.js";
import { inIntegers } from "../formats/integer_model.js";
import { randomModel } from "../formats/random_model.js";

const folder = mkdtempSync(join(tmpdir(), "earshot-tflite-listener-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const random = new RandomStream(8);
const sound = Float32Array.from({ length: 30_000 }, () => random.between(-0.5, 0.5));
const model = randomModel("svdf", "kws_streaming");

async function wanted() {
  const stream = await ModelStream.open(model, { form: "context", target: "wasm" });
  const found = stream.feed(sound);
  stream.close();
  return found;
}

describe("a .tflite file that hears samples step after step", () => {
  for (const states of ["external", "resource"] as const)
    it(`listens as the model does, its states ${states}`, async () => {
      const bytes = exportTflite(model, { features: "builtin", states, stream: { form: "context" } });
      const file = join(folder, `${states}.tflite`);
      writeFileSync(file, bytes);
      const listener = await openListener(file);
      expect([listener.form, listener.labels.length]).toEqual(["context", model.labels.length]);
      // In uneven pieces.
      const found = [...(await listener.push(sound.subarray(0, 12_345))), ...(await listener.push(sound.subarray(12_345)))];
      listener.close();
      const expected = await wanted();
      expect(found.length).toBeGreaterThan(30);
      expect(found.length).toBe(expected.length);
      for (const [i, { time, scores }] of expected.entries()) {
        expect(found[i]!.time).toBeCloseTo(time, 6);
        scores.forEach((v, k) => expect(Math.abs(v - found[i]!.scores[k]!)).toBeLessThan(1e-3));
      }
    });

  for (const states of ["external", "resource"] as const)
    it(`listens as the model does in integers, its states ${states}`, async () => {
      const integers = await inIntegers(model);
      const file = join(folder, `integers_${states}.tflite`);
      writeFileSync(file, exportTflite(integers, { features: "builtin", states, stream: { form: "context" } }));
      const listener = await openListener(file, { runtime: "litert-builtin" });
      const found = await listener.push(sound);
      listener.close();
      const stream = await ModelStream.open(integers, { form: "context", target: "wasm" });
      const expected = stream.feed(sound);
      stream.close();
      expect(found.length).toBe(expected.length);
      for (const [i, { scores }] of expected.entries())
        scores.forEach((v, k) => expect(Math.abs(v - found[i]!.scores[k]!)).toBeLessThan(0.05));
    });

  it("brings the rule by which its model listens, as a file of clips does, and the threshold of a clip", async () => {
    const listening = { threshold: 0.96, smoothing: 0.3, refractory: 2 };
    const ruled = { ...model, training: { threshold: 0.7, listening } };
    const file = join(folder, "ruled.tflite");
    writeFileSync(file, exportTflite(ruled, { features: "builtin", stream: { form: "context" } }));
    const listener = await openListener(file);
    expect(listener.rule).toEqual(listening);
    listener.close();
    const clips = join(folder, "ruled_clips.tflite");
    writeFileSync(clips, exportTflite(ruled, { features: "none" }));
    const spotter = await openSpotter(clips);
    expect([spotter.threshold, spotter.listening]).toEqual([0.7, listening]);
    spotter.close();
    const reference = join(folder, "ruled.safetensors");
    await saveModel(reference, ruled);
    writeFileSync(clips, exportTflite(model, { features: "none" }));
    const referred = await openSpotter(clips, { reference });
    expect(referred.threshold).toBe(0.7);
    referred.close();
  });

  it("says that it is none of clips, and that LiteRT runs it", async () => {
    const file = join(folder, "stream.tflite");
    writeFileSync(file, exportTflite(model, { features: "builtin", stream: { form: "context" } }));
    await expect(openSpotter(file)).rejects.toThrow(/hears a step of sound after another, not clips; 'earshot listen'/);
    await expect(openListener(file, { runtime: "earshot" })).rejects.toThrow(
      /runs in LiteRT: --runtime litert or litert-builtin/,
    );
  });

  it("forgets what it heard, though it keeps its states itself", async () => {
    const bytes = exportTflite(model, { features: "builtin", states: "resource", stream: { form: "context" } });
    const stream = await openTfliteClipStream(bytes, "x.tflite", { rate: 16_000, clip: 16_000 });
    const once = await stream.feed(sound);
    stream.reset();
    expect(await stream.feed(sound)).toEqual(once);
    stream.close();
  });
});
