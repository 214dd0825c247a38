import { describe, expect, test } from "vitest";
import { ModelStream } from "../../src/detect/model_stream.js";
import { loadModel } from "../../src/formats/model_file.js";
import type { Model } from "../../src/formats/model.js";
import { resolveModel } from "../../src/formats/shipped.js";
import { describeFrontend, type FrontendDescription } from "../../src/frontend/frontend.js";
import { openModel, rateOf, samplesOf } from "../../src/measure/spotter_model.js";
import { RandomStream } from "../../src/base/random.js";
import { exportC } from "../../src/targets/c/export.js";
import { randomModel } from "../formats/random_model.js";
import { hostCompiler, runOnHost } from "./c_host.js";

const options = { prefix: "kws", cpu: "generic", floatAbi: "soft", features: "device" } as const;

/** Reads clips of so many samples, feeds each in pieces of odd sizes, writes its scores. */
const feedMain = (samples: number): string => `#include <stdio.h>
#include "kws.h"
static int16_t clip[${samples}];
int main(void) {
  while (fread(clip, 2, ${samples}, stdin) == ${samples}) {
    int32_t at = 0, part = 1;
    kws_reset();
    while (at < ${samples}) {
      if (part > ${samples} - at) part = ${samples} - at;
      (void)kws_feed(clip + at, part);
      at += part;
      part = part * 3 % 1009 + 1;
    }
    fwrite(kws_run(), sizeof(float), KWS_SCORES, stdout);
  }
  return 0;
}
`;

/** Reads one sound, feeds it in pieces of a hop, writes all scores as they come. */
const streamMain = `#include <stdio.h>
#include "kws.h"
static int16_t piece[KWS_HOP];
int main(void) {
  int32_t round;
  for (round = 0; round < 2; round++) {
    kws_reset();
    rewind(stdin);
    while (fread(piece, 2, KWS_HOP, stdin) == KWS_HOP) {
      const int32_t made = kws_feed(piece, KWS_HOP);
      if (made > 1) return 1;
      if (made == 1) fwrite(kws_scores(), sizeof(float), KWS_SCORES, stdout);
    }
  }
  return 0;
}
`;

function floatsOf(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

const kwsStreaming = describeFrontend({ kind: "mfcc_tf" }) as Extract<FrontendDescription, { kind: "mfcc_tf" }>;

/** Two sounds: a chirp with noise, and noise alone. */
function sounds(samples: number): Float32Array {
  const random = new RandomStream(7, 1);
  return Float32Array.from({ length: 2 * samples }, (_, i) => {
    const t = i / samples;
    const tone = i < samples ? 0.4 * Math.sin(2000 * t * t) : 0;
    return Math.round((tone + 0.1 * (random.uniform() - 0.5)) * 32767) / 32768;
  });
}

describe.skipIf(!hostCompiler())("models as C, compiled by this machine's cc", () => {
  const models: [string, () => Model | Promise<Model>][] = ["ds_cnn_s", "svdf", "crnn"].map((name) => [
    name,
    () => loadModel(resolveModel(name)),
  ]);
  // Windows without overlap, and the front end of kws_streaming.
  models.push(["dnn_s", () => randomModel("dnn_s", "arm")], ["cnn_s", () => randomModel("cnn_s", "kws_streaming")]);
  models.push(["dnn_s with zeros before the clip", () => randomModel("dnn_s", { ...kwsStreaming, causalFramePadding: true })]);
  // Pre-emphasis, and ELL's samples that are left out.
  models.push(
    ["dnn_s with FE-C", () => randomModel("dnn_s", "FE-C")],
    ["dnn_s with ELL's featurizer", () => randomModel("dnn_s", "ell")],
    ["dnn_s with the micro front end", () => randomModel("dnn_s", describeFrontend({ kind: "micro" }))],
    ["dnn_s with librosa's, which takes the whole clip", () => randomModel("dnn_s", describeFrontend({ kind: "librosa_mel" }))],
  );
  for (const [name, open] of models)
    test(`${name}: samples in, the oracle's probabilities out`, async () => {
      const model = await open();
      const { files } = exportC(model, { ...options, rate: rateOf(model) });
      const samples = samplesOf(model);
      const audio = sounds(samples);
      const clips = Int16Array.from(audio, (x) => x * 32768);
      const out = runOnHost([...files, { name: "main.c", text: feedMain(samples) }], new Uint8Array(clips.buffer));
      const spotter = await openModel(model, { name, target: "wasm" });
      const wanted = await spotter.scoreSounds(audio, 2);
      spotter.close();
      const found = floatsOf(out);
      expect(found.length).toBe(wanted.length);
      const difference = Math.max(...wanted.map((x, i) => Math.abs(x - found[i]!)));
      expect(difference).toBeLessThan(1e-4);
    });
  const shipped = (name: string) => () => loadModel(resolveModel(name));
  test("the header says how many scores it hands over, of steps with several results too", async () => {
    const model = await shipped("ds_cnn_s")();
    for (const [hops, said] of [
      [2, "/* Scores [1, 12] of the last run, one a label. */"],
      [4, "/* Scores [1, 12] of the last run, the newest of its 2 results, one a label. */"],
    ] as const) {
      const { files } = exportC(model, { ...options, rate: rateOf(model), stream: { form: "context", hops } });
      expect(files.find(({ name }) => name === "kws.h")!.text).toContain(said);
    }
  });
  for (const [name, form, hops, open = shipped(name)] of [
    ["cnn_s with the micro front end", "context", undefined, () => randomModel("cnn_s", describeFrontend({ kind: "micro" }))],
    ["ds_cnn_s", "context", undefined],
    ["ds_cnn_s", "context", 1],
    ["svdf", "context", undefined],
    ["crnn", "context", undefined],
    ["ds_cnn_s", "window", undefined],
  ] as readonly [string, "context" | "window", number | undefined, (() => Promise<Model>)?][])
    test(`${name} streaming, ${form}, ${hops ?? "as many as needed"} hops a step: every result, twice from the beginning`, async () => {
      const model = await open();
      const { files } = exportC(model, { ...options, rate: rateOf(model), stream: { form, hops } });
      const audio = sounds(16000);
      const samples = Int16Array.from(audio, (x) => x * 32768);
      const found = floatsOf(
        runOnHost([...files, { name: "main.c", text: streamMain }], new Uint8Array(samples.buffer), ["-D_POSIX_C_SOURCE"]),
      );
      const stream = await ModelStream.open(model, { form, hops, target: "wasm" });
      const wanted = stream.feed(audio).flatMap(({ scores }) => [...scores]);
      stream.close();
      expect(wanted.length).toBeGreaterThan(12 * 15);
      // The device may give the last result before the stream's last hop is full.
      const more = found.length / 2 - wanted.length;
      expect([0, model.labels.length]).toContain(more);
      const passes = [found.subarray(0, wanted.length), found.subarray(found.length / 2, found.length - more)];
      const differences = passes.flatMap((pass) => wanted.map((x, i) => Math.abs(x - pass[i]!)));
      expect(differences.reduce((most, d) => Math.max(most, d), 0)).toBeLessThan(1e-4);
    });
});
