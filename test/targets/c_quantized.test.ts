import { describe, expect, test } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { compile } from "../../src/engine/compile.js";
import { loadModel } from "../../src/formats/model_file.js";
import type { Model } from "../../src/formats/model.js";
import { resolveModel } from "../../src/formats/shipped.js";
import type { Graph, ParameterData } from "../../src/graph/types.js";
import { calibrate } from "../../src/measure/calibrate.js";
import { rateOf, samplesOf } from "../../src/measure/spotter_model.js";
import { prepareForQuantization, quantizeGraph } from "../../src/passes/quantize.js";
import { exportC } from "../../src/targets/c/export.js";
import { hostCompiler, runOnHost } from "./c_host.js";

const count = 3;

const runMain = `#include <stdio.h>
#include "net.h"
int main(void) {
  net_reset();
  while (fread(net_features(), 1, NET_FEATURES, stdin) == NET_FEATURES) {
    (void)net_run();
    fwrite(net_logits(), sizeof *net_logits(), NET_SCORES, stdout);
  }
  return 0;
}
`;

/** Features of chirps in noise, one clip after another. */
async function featuresOf(model: Model): Promise<Float32Array> {
  const samples = samplesOf(model);
  const random = new RandomStream(11, 2);
  const frontend = await compile(model.frontend, { target: "wasm" });
  const all: number[] = [];
  for (let clip = 0; clip < count; clip++) {
    const speed = 500 + 2500 * random.uniform();
    frontend.write(
      "audio",
      Float32Array.from({ length: samples }, (_, i) => {
        const t = i / samples;
        return 0.4 * Math.sin(speed * t * t) * Math.sin(9 * t) + 0.05 * (random.uniform() - 0.5);
      }),
    );
    frontend.run();
    all.push(...frontend.read("features"));
  }
  frontend.close();
  return Float32Array.from(all);
}

/** Logits of each clip, as the network stores them. */
async function logitsOf(
  graph: Graph,
  parameters: ReadonlyMap<string, ParameterData>,
  features: Int8Array,
  target: "oracle" | "wasm",
): Promise<number[]> {
  const program = await compile(graph, { target });
  for (const [name, data] of parameters) program.write(name, data);
  const logits: number[] = [];
  const size = features.length / count;
  for (let i = 0; i < count; i++) {
    program.write("features", features.subarray(i * size, (i + 1) * size));
    program.run();
    logits.push(...program.view("logits"));
  }
  program.close();
  return logits;
}

describe.skipIf(!hostCompiler())("shipped models in integers: the same bytes in JavaScript, WebAssembly and C", () => {
  for (const [name, recurrent] of [["ds_cnn_s"], ["svdf"], ["crnn", "int8"], ["crnn", "int16"]] as const)
    test([name, recurrent].filter(Boolean).join(" "), async () => {
      const model = await loadModel(resolveModel(name));
      const ready = prepareForQuantization({ graph: model.graph, parameters: model.parameters });
      const features = await featuresOf(model);
      const ranges = await calibrate(ready, features, "minmax", "wasm");
      const { graph, parameters } = quantizeGraph(ready, ranges, { io: "int8", ...(recurrent ? { recurrent } : {}) });
      const { scale, zeroPoint } = graph.inputs[0]!.value.type.quantization!;
      const stored = Int8Array.from(features, (x) => Math.max(-128, Math.min(127, Math.round(x / scale[0]!) + zeroPoint[0]!)));
      const wanted = await logitsOf(graph, parameters, stored, "oracle");
      expect(new Set(wanted).size).toBeGreaterThan(12);
      expect(await logitsOf(graph, parameters, stored, "wasm")).toEqual(wanted);
      const whole = { ...model, graph: graph as Model["graph"], parameters };
      const options = { prefix: "net", cpu: "generic", floatAbi: "soft", features: "none", rate: rateOf(model) } as const;
      const made = exportC(whole, options);
      const text = made.files.find((f) => f.name === "net.c")!.text;
      // No layer with weights is left to the loops that stand in for what the library lacks.
      expect(text).not.toContain("integer_product");
      const found = runOnHost([...made.files, { name: "main.c", text: runMain }], new Uint8Array(stored.buffer));
      expect([...new Int8Array(found.buffer, found.byteOffset, found.length)]).toEqual(wanted);
    });
});
