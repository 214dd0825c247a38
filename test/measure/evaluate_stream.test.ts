import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/formats/model.js";
import { saveModel } from "../../src/formats/model_file.js";
import { buildFrontend, describeFrontend, type FrontendInput, oneSecond } from "../../src/frontend/frontend.js";
import { buildModel } from "../../src/zoo/index.js";
import type { Posterior } from "../../src/detect/model_stream.js";
import type { ClipStream } from "../../src/measure/clip_stream.js";
import { evaluateClipStream } from "../../src/measure/evaluate_stream.js";
import type { Evaluation } from "../../src/measure/metrics.js";
import type { StreamedClips } from "../../src/measure/streamed_clips.js";
import { earshot } from "../cli/command_line.js";
import { livelyParameters } from "../formats/random_model.js";
import { toneDataset, toneRecipe } from "../train/tones.js";

const base = mkdtempSync(join(tmpdir(), "earshot-evaluate-stream-"));
afterAll(() => rmSync(base, { recursive: true }));
const data = toneDataset();
const archive = join(base, "archive");
const labels = ["_silence_", "low", "high"];

/** A network that takes whole clips in, so that a stream of clips must give the very answers that the clips have alone. */
function wholeClipModel(): Model {
  const description = describeFrontend(toneRecipe(data).frontend as FrontendInput);
  const graph = buildModel("dnn_s", {}, { frames: 49, features: 10, labels: 3 });
  return {
    graph,
    frontend: buildFrontend(description, oneSecond),
    frontendDescription: description,
    labels,
    parameters: livelyParameters(graph, 4),
    training: { recipe: { rate: 16000 } },
    licence: "Apache-2.0",
  };
}

describe("evaluate --stream-clips", () => {
  const file = join(base, "dnn.safetensors");
  beforeAll(async () => {
    const model = wholeClipModel();
    await saveModel(file, model);
    writeFileSync(join(base, "frontend.json"), JSON.stringify(model.frontendDescription));
    const from = [
      data,
      "--out",
      archive,
      "--frontend",
      join(base, "frontend.json"),
      "--words",
      "low,high",
      "--no-unknown",
      "--target",
      "wasm",
    ];
    expect((await earshot(["data", "featurize", ...from])).code).toBe(0);
  });

  const evaluated = async (...options: string[]): Promise<Evaluation> => {
    const { code, stdout } = await earshot(["evaluate", file, ...options, "--target", "wasm", "--json"]);
    expect(code).toBe(0);
    return JSON.parse(stdout) as Evaluation;
  };

  for (const source of ["--data", "--features"] as const)
    it(`${source}: clips one after another have the answers of clips, whatever went before`, async () => {
      const set = [source, source === "--data" ? data : archive, "--all"];
      const alone = await evaluated(...set);
      // A model of chance, but not one that says the same of everything.
      const said = alone.confusion.reduce((sums, row) => sums.map((sum, i) => sum + (row[i] as number)), [0, 0, 0]);
      expect(said.filter((n) => n > 0).length).toBeGreaterThan(1);
      for (const more of [["context"], ["context", "--order", "3"], ["context", "--reset"], ["window"]])
        expect((await evaluated(...set, "--stream-clips", ...more)).confusion).toEqual(alone.confusion);
    });
});

/** Labels a clip of four units "kept" where the two units that follow it are as loud as its last one, else "changed". */
class NextTwo implements ClipStream {
  readonly rate = 4;
  readonly hop = 0.25;
  readonly late = 2;
  #heard: number[] = [];
  feed(elements: Float32Array): Posterior[] {
    return Array.from(elements, (element) => {
      this.#heard.push(element);
      const end = this.#heard.length;
      const kept = end > 2 && this.#heard.slice(-3).every((value) => value === element);
      return { time: end / 4, begin: (end - 6) / 4, scores: Float32Array.of(kept ? 1 : 0, kept ? 0 : 1) };
    });
  }
  reset(): void {
    this.#heard = [];
  }
  close(): void {}
}

describe("clips one after another", () => {
  const clips: StreamedClips = {
    input: "features",
    units: 4,
    width: 1,
    read: async (clip) => new Float32Array(4).fill(clip),
    silence: new Float32Array(4),
    close: () => {},
  };
  // Clip 0 is silent; the others are each as loud as no other.
  const known = { labels: ["kept", "changed"], truth: [0, 1, 1, 1] };

  it("with a reset each is heard alone and silence after it, whatever comes next", async () => {
    for (const order of [0, 1, 2, 3]) {
      const { accuracy } = await evaluateClipStream(new NextTwo(), clips, known, { reset: true, order });
      expect(accuracy).toBe(1);
    }
  });

  it("without a reset what comes next is heard, behind the last one the first", async () => {
    const { confusion } = await evaluateClipStream(new NextTwo(), clips, known, { reset: false });
    expect(confusion).toEqual([
      [0, 1],
      [0, 3],
    ]);
  });
});
