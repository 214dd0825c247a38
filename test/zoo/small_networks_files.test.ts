import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { openLiteRt } from "../../src/formats/litert.js";
import type { Model } from "../../src/formats/model.js";
import { exportTflite } from "../../src/formats/tflite/export.js";
import { buildFrontend, oneSecond } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { RandomStream } from "../../src/base/random.js";
import type { Graph, ParameterData } from "../../src/graph/types.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { exportC } from "../../src/targets/c/export.js";
import { buildModel } from "../../src/zoo/index.js";
import { livelyParameters } from "../formats/random_model.js";
import { hostCompiler, runOnHost } from "../targets/c_host.js";
import { smallNetworks, smallShape } from "./small_networks.js";

const values = smallShape.frames * smallShape.features;
const random = new RandomStream(11);
const clips = Float32Array.from({ length: 6 * values }, () => random.normal());
const clip = clips.slice(0, values);

const description = frontendPreset("kws_streaming");
const around = {
  frontend: buildFrontend(description, oneSecond),
  frontendDescription: description,
  labels: Array.from({ length: smallShape.labels }, (_, i) => `label ${i}`),
  training: {},
  licence: "",
};

interface Forms {
  readonly float: Model;
  readonly integer: Model;
}

async function formsOf(name: string, options: Record<string, unknown>): Promise<Forms> {
  const graph = buildModel(name, options, smallShape);
  const parameters = livelyParameters(graph, 3);
  const model = prepareForQuantization({ graph, parameters });
  const quantized = quantizeGraph(model, await calibrate(model, clips, "minmax", "wasm"));
  return {
    float: { ...around, graph, parameters },
    integer: { ...around, graph: quantized.graph, parameters: quantized.parameters },
  };
}

/** Softmax of the logits. */
async function scores({ graph, parameters }: { graph: Graph; parameters: ReadonlyMap<string, ParameterData> }) {
  const program = await compile(graph, { target: "wasm" });
  for (const [name, data] of parameters) program.write(name, data);
  program.write("features", clip);
  program.run();
  const logits = [...program.view("logits")];
  program.close();
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - largest));
  const total = powers.reduce((sum, p) => sum + p, 0);
  return powers.map((p) => p / total);
}

const difference = (found: ArrayLike<number>, wanted: readonly number[]): number =>
  Math.max(...wanted.map((w, i) => Math.abs(w - (found[i] as number))));

describe("small networks as .tflite files, in LiteRT", () => {
  it.each(smallNetworks)("%s %j", async (name, options) => {
    const { float, integer } = await formsOf(name, options);
    for (const [model, most] of [
      [float, 1e-5],
      // LiteRT's fast integer kernels round sums of products otherwise than its reference: some steps of 1/256.
      [integer, name.endsWith("svdf") ? 0.05 : 0.02],
    ] as const) {
      const lite = await openLiteRt(exportTflite(model, { features: "none" }));
      const [found] = await lite.run([clip]);
      expect(difference(found as Float32Array, await scores(model))).toBeLessThan(most);
      lite.close();
    }
  });
});

const main = `#include <stdio.h>
#include "kws.h"
int main(void) {
  if (fread(kws_features(), sizeof(float), ${values}, stdin) != ${values}) return 1;
  fwrite(kws_run(), sizeof(float), KWS_SCORES, stdout);
  return 0;
}
`;

/** What has loops, windows or nodes that no other C test has. */
const compiled = smallNetworks.filter(([name]) =>
  /streaming.lstm|att_mh|bc_resnet|svdf_resnet|inception_resnet|edge.gru|fastgrnn/.test(name),
);

describe.skipIf(!hostCompiler())("small networks as C, compiled by this machine's cc", () => {
  it.each(compiled)("%s %j", async (name, options) => {
    const { float, integer } = await formsOf(name, options);
    for (const model of [float, integer]) {
      const { files } = exportC(model, { prefix: "kws", cpu: "generic", floatAbi: "soft", features: "none", rate: 16_000 });
      const bytes = runOnHost([...files, { name: "main.c", text: main }], new Uint8Array(clip.buffer));
      const found = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      // Integers are equal; what is left is the rounding of the softmax.
      expect(difference(found, await scores(model))).toBeLessThan(model === float ? 1e-5 : 1e-6);
    }
  });
});
