import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/formats/model.js";
import { saveModel } from "../../src/formats/model_file.js";
import { buildModel } from "../../src/zoo/index.js";
import { livelyParameters, randomModel } from "../formats/random_model.js";
import { toneDataset } from "../train/tones.js";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-export-"));
afterAll(() => rmSync(base, { recursive: true }));
const data = toneDataset(4);
const model = join(base, "tones.safetensors");
const fixed = ["--target", "wasm"];

/** A small network with lively weights for the labels of the tones. */
function toneModel(frontend: string): Model {
  const network = randomModel("ds_cnn_s", frontend);
  const [, frames, features] = network.graph.inputs[0].value.type.shape;
  const labels = ["_silence_", "low", "high"];
  const graph = buildModel("ds_cnn_s", {}, { frames, features, labels: labels.length });
  return { ...network, graph, labels, parameters: livelyParameters(graph, 5) };
}

beforeAll(async () => {
  await saveModel(model, toneModel("arm"));
  await saveModel(join(base, "log_mel.safetensors"), toneModel("log_mel_4k"));
});

interface PredictionLine {
  file: string;
  label: string;
  scores: Record<string, number>;
}

async function predictions(file: string): Promise<PredictionLine[]> {
  const { code, stdout, stderr } = await earshot(["predict", file, join(data, "low"), join(data, "high"), "--json", ...fixed]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("earshot export", () => {
  it.each(["none", "builtin", "op"])("--features %s: LiteRT predicts what the checkpoint predicts", async (features) => {
    const out = join(base, `${features}.tflite`);
    const { code, stdout, stderr } = await earshot([
      "export",
      model,
      "--to",
      "tflite",
      "--features",
      features,
      "-o",
      out,
      "--json",
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      file: out,
      format: "tflite",
      bytes: statSync(out).size,
      inputs: [{ shape: features === "none" ? [1, 49, 10] : [1, 16000], dtype: "float32" }],
      outputs: [{ name: "scores", shape: [1, 3], dtype: "float32" }],
      labels: ["_silence_", "low", "high"],
    });
    const [ours, theirs] = await Promise.all([predictions(model), predictions(out)]);
    expect(ours).toHaveLength(24);
    expect(new Set(ours.map(({ scores }) => scores["low"].toFixed(4))).size, "different clips").toBeGreaterThan(10);
    for (const [i, { file, label, scores }] of ours.entries()) {
      expect(theirs[i]).toMatchObject({ file, label });
      for (const name of Object.keys(scores)) expect(Math.abs(theirs[i].scores[name] - scores[name])).toBeLessThan(1e-4);
    }
    const evaluate = async (file: string) =>
      JSON.parse((await earshot(["evaluate", file, "--data", data, "--json", ...fixed])).stdout);
    const [measured, exported] = await Promise.all([evaluate(model), evaluate(out)]);
    expect(measured.clips).toBe(9);
    expect(exported.confusion).toEqual(measured.confusion);
  });

  it("writes NAME.tflite into the folder at hand and says what it takes and gives", async () => {
    const { code, stdout } = await earshot(["export", model, "--to", "tflite"], { cwd: base });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^tones\.tflite: [\d,]+ bytes, float32\ntakes {2}features float32\[1,49,10\]\ngives {2}scores float32\[1,3\]\n$/,
    );
    expect(readFileSync(join(base, "tones.tflite")).subarray(4, 8).toString()).toBe("TFL3");
  });

  it("writes a stream with its states in the file, and the same network again with them outside", async () => {
    const [inside, outside] = [join(base, "inside.tflite"), join(base, "outside.tflite")];
    const shown = async (args: string[]) => JSON.parse((await earshot([...args, "--json"])).stdout);
    const one = await shown(["export", model, "--stream", "context", "--states", "resource", "-o", inside]);
    expect(one).toMatchObject({ states: "resource", inputs: [{ name: "features" }], outputs: [{ name: "scores" }] });
    expect([one.inputs.length, one.outputs.length]).toEqual([1, 1]);
    const many = await shown(["export", inside, "--states", "external", "-o", outside]);
    expect(many.inputs.length).toBeGreaterThan(1);
    expect(many.outputs.map((o: { name: string }) => o.name).slice(1)).toEqual(
      many.inputs.slice(1).map((i: { name: string }) => `${i.name}_next`),
    );
  });

  it("says why a model cannot be exported so, and writes nothing", async () => {
    const out = join(base, "never.tflite");
    const text = join(base, "text.safetensors");
    writeFileSync(text, "no model");
    const cases: [string[], number, RegExp][] = [
      [["export", join(base, "log_mel.safetensors"), "--features", "op", "-o", out], 1, /log_mel.*--features builtin/],
      [["export", text, "-o", out], 1, /text\.safetensors/],
      [["export", "nobody", "-o", out], 1, /nobody: there is no such file/],
      [["export", model, "--to", "onnx", "-o", out], 2, /tflite/],
      [["export", join(base, "tones.tflite"), "-o", out], 2, /--states external\|resource and -o ANOTHER\.tflite/],
    ];
    writeFileSync(join(base, "tones.tflite"), "x");
    for (const [args, exit, message] of cases) {
      const { code, stderr } = await earshot(args);
      expect([code, stderr]).toEqual([exit, expect.stringMatching(message)]);
    }
    expect(existsSync(out)).toBe(false);
  });
});
