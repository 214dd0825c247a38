import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTflite } from "../../src/formats/tflite/read/read.js";
import { foreignModel } from "../../src/targets/c/foreign.js";
import { exportC } from "../../src/targets/c/export.js";
import { compile } from "../../src/engine/compile.js";
import { buildFrontend } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { foreignModels, numbersOf, recordedRows, secondOf, truncated } from "../formats/foreign_models.js";
import { hostCompiler, runOnHost } from "./c_host.js";

const options = { prefix: "net", cpu: "generic", floatAbi: "soft", features: "none", rate: 16000 } as const;

const runMain = `#include <stdio.h>
#include "net.h"
int main(void) {
  net_reset();
  while (fread(net_features(), 1, NET_FEATURES, stdin) == NET_FEATURES) fwrite(net_run(), 1, NET_SCORES, stdout);
  return 0;
}
`;

describe.skipIf(!existsSync(foreignModels) || !hostCompiler())(
  "a published int8 model as C (skipped without ../shared/models or a C compiler)",
  () => {
    test("MLPerf Tiny's keyword model gives the recorded bytes on all clips, in less RAM than TFLite Micro", async () => {
      const name = "mlperf-tiny/kws_ref_model";
      const network = readTflite(readFileSync(join(foreignModels, `${name}.tflite`)), name);
      const made = exportC(foreignModel(network, [], name), options);
      const frontend = await compile(buildFrontend(frontendPreset("FE-B"), { samples: 16000, rate: 16000 }), { target: "wasm" });
      const { scale, zeroPoint } = network.graph.inputs[0]!.value.type.quantization!;
      const inputs: number[] = [];
      const wanted: number[] = [];
      for (const row of recordedRows(name)) {
        frontend.write("audio", await secondOf(row["clip"]!));
        frontend.run();
        inputs.push(...truncated(frontend.read("features"), scale[0]!, zeroPoint[0]!));
        wanted.push(...numbersOf(row, "q"));
      }
      frontend.close();
      const found = runOnHost([...made.files, { name: "main.c", text: runMain }], Uint8Array.from(inputs));
      expect([...new Int8Array(found.buffer, found.byteOffset, found.length)]).toEqual(wanted);
      // Its arena is 22,820 bytes (baselines.md).
      expect(made.ramBytes).toBeLessThan(16_000);
    });
  },
);
