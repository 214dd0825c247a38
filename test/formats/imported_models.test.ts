import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import type { CompiledProgram } from "../../src/engine/program.js";
import { type ImportOptions, importModel } from "../../src/formats/import/index.js";
import type { Model } from "../../src/formats/model.js";
import { parseModel, writeModel } from "../../src/formats/model_file.js";
import { buildFrontend } from "../../src/frontend/frontend.js";
import { decodeSound } from "../../src/signal/decode.js";
import { foreignModels, numbersOf, recordedRows, secondOf } from "./foreign_models.js";

/** Where `npm run prove:import` collects what was found. */
const report = process.env.EARSHOT_PROVE;

function say(line: string): void {
  console.log(line);
  if (report !== undefined) appendFileSync(report, `${line}\n`);
}

const programs: CompiledProgram[] = [];
const frontends = new Map<string, CompiledProgram>();
const features = new Map<string, Float32Array>();
afterAll(() => {
  for (const program of programs) program.close();
});

/** What the front end gives for a clip; models share front ends. */
async function featuresOf(model: Model, clip: string): Promise<Float32Array> {
  const kind = JSON.stringify(model.frontendDescription);
  let program = frontends.get(kind);
  if (!program) {
    program = await compile(model.frontend, { target: "wasm" });
    frontends.set(kind, program);
    programs.push(program);
  }
  const key = `${kind} ${clip}`;
  const known = features.get(key);
  if (known) return known;
  program.write("audio", await secondOf(clip));
  program.run();
  const made = (program.read("features") as Float32Array).slice();
  features.set(key, made);
  return made;
}

/** The network of a model, once it was a file. */
async function networkOf(imported: Model): Promise<{ model: Model; run: (made: Float32Array) => Float32Array }> {
  const model = parseModel(writeModel(imported), "imported.safetensors");
  const program = await compile(model.graph, { target: "wasm" });
  programs.push(program);
  for (const [name, values] of model.parameters) program.write(name, values);
  const run = (made: Float32Array): Float32Array => {
    program.write("features", made);
    program.run();
    return (program.read("logits") as Float32Array).slice();
  };
  return { model, run };
}

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

const most = (values: readonly number[]): number => values.indexOf(Math.max(...values));

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < b.length; i++) largest = Math.max(largest, Math.abs((a[i] as number) - (b[i] as number)));
  return largest;
}

/** Recorded probabilities have six decimals; front ends agree to some parts in 10^6 of their values. */
const tolerance = 1e-4;

function line(file: string, model: Model, equal: string, probabilities: number, logits: number | undefined): string {
  return [
    file.padEnd(44),
    String(model.training["model"]).padEnd(14),
    equal.padStart(10),
    probabilities.toExponential(1).padStart(15),
    (logits === undefined ? "not recorded" : logits.toExponential(1)).padStart(14),
  ].join("  ");
}

async function compareClips(file: string, csv: string, logitsFile: string | undefined, options: ImportOptions): Promise<void> {
  const { model, run } = await networkOf(await importModel(join(foreignModels, file), options));
  const logits = logitsFile === undefined ? {} : JSON.parse(readFileSync(join(foreignModels, "expected", logitsFile), "utf8"));
  const found = { clips: 0, equal: 0, probabilities: 0, logits: 0 };
  for (const row of recordedRows(csv)) {
    const clip = row["clip"] as string;
    const made = run(await featuresOf(model, clip));
    const wanted = numbersOf(row, "p");
    expect(wanted).toHaveLength(model.labels.length);
    found.clips++;
    if (most(wanted) === most([...made])) found.equal++;
    found.probabilities = Math.max(found.probabilities, difference(softmax(made), wanted));
    if (logits[clip]) found.logits = Math.max(found.logits, difference(made, logits[clip]));
  }
  const ofLogits = logitsFile === undefined ? undefined : found.logits;
  say(line(file, model, `${found.equal} of ${found.clips}`, found.probabilities, ofLogits));
  expect(found.clips).toBeGreaterThan(60);
  expect(found.equal).toBe(found.clips);
  expect(found.probabilities).toBeLessThan(tolerance);
  expect(found.logits).toBeLessThan(tolerance);
}

describe.skipIf(!existsSync(foreignModels))("imported models give the recorded scores (../shared)", () => {
  for (const name of ["DNN_S", "CNN_S", "DS_CNN_S", "Basic_LSTM_S", "LSTM_S", "GRU_S", "CRNN_S"])
    it(`frozen graph ${name}.pb`, async () => {
      await compareClips(`arm-2017/${name}.pb`, `arm-2017/${name}`, `arm-2017/${name}.logits.json`, {});
    });

  it("checkpoint dnn_0.84_ckpt", async () => {
    await compareClips("arm-tf2/ckpt_DNN_S/dnn_0.84_ckpt", "arm-tf2/dnn_0.84_ckpt", undefined, {});
  });

  it("checkpoint ds_cnn_0.94_ckpt", async () => {
    await compareClips("arm-tf2/ckpt_DS_CNN_S", "arm-tf2/ds_cnn_0.94_ckpt", undefined, { network: "ds_cnn_s" });
  });

  it("SavedModel kws_ref_model", async () => {
    const options = { network: "tiny_kws" };
    await compareClips("mlperf-tiny/kws_ref_model", "mlperf-tiny/kws_ref_model_savedmodel", undefined, options);
  });

  it("Keras str_ww_ref_model.h5, every frame of the 10 s recording", async () => {
    const file = "mlperf-tiny/str_ww_ref_model.h5";
    const { model, run } = await networkOf(await importModel(join(foreignModels, file)));
    const clip = "clips/tiny_short_wav_easy10s.flac";
    const { samples } = await decodeSound(readFileSync(join(foreignModels, clip)), clip);
    const frontend = await compile(buildFrontend(model.frontendDescription, { samples: samples.length, rate: 16000 }), {
      target: "wasm",
    });
    programs.push(frontend);
    frontend.write("audio", samples);
    frontend.run();
    const made = frontend.read("features") as Float32Array;
    const rows = recordedRows("mlperf-tiny/str_ww_short_wav_h5");
    let equal = 0;
    let largest = 0;
    for (const [frame, row] of rows.entries()) {
      const scores = softmax(run(made.slice(frame * 40, (frame + 30) * 40)));
      const wanted = [row.p_wakeword, row.p_silent, row.p_other].map(Number);
      if (most(scores) === most(wanted)) equal++;
      largest = Math.max(largest, difference(scores, wanted));
    }
    say(line(file, model, `${equal} of ${rows.length}`, largest, undefined));
    expect(model.training["model"]).toBe("tiny_sww");
    expect(rows.length).toBe(282);
    expect(equal).toBe(rows.length);
    expect(largest).toBeLessThan(tolerance);
  });
});
