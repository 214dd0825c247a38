import { describe, expect, test } from "vitest";
import type { Model } from "../../src/formats/model.js";
import type { Cpu } from "../../src/targets/c/cpu.js";
import { exportC } from "../../src/targets/c/export.js";
import { hostCompiler, runOnHost } from "./c_host.js";
import { drawn, oracle } from "./drawn_integer.js";
import { dsCnn } from "./integer_net.js";

const options = { prefix: "net", cpu: "generic", floatAbi: "soft", features: "none", rate: 16000 } as const;

const runMain = `#include <stdio.h>
#include "net.h"
int main(void) {
  net_reset();
  while (fread(net_features(), 1, NET_FEATURES, stdin) == NET_FEATURES) fwrite(net_run(), 1, NET_SCORES, stdout);
  return 0;
}
`;

async function check(model: Model, cpu: Cpu = "generic"): Promise<void> {
  const { inputs, outputs } = await oracle(model);
  const { files } = exportC(model, { ...options, cpu, floatAbi: cpu === "generic" ? "soft" : "hard" });
  const found = runOnHost([...files, { name: "main.c", text: runMain }], new Uint8Array(inputs.buffer));
  expect([...new Int8Array(found.buffer, found.byteOffset, found.length)]).toEqual(outputs);
  // A network that gives one value for everything would prove nothing.
  expect(new Set(outputs).size).toBeGreaterThan(3);
}

describe.skipIf(!hostCompiler())("integer networks as C: the oracle's bits", () => {
  test("a network of the shape of MLPerf Tiny's, in less than 16 KB", async () => {
    const model = dsCnn(1);
    await check(model);
    expect(exportC(model, options).ramBytes).toBeLessThan(16_000);
  });
  for (let seed = 1; seed <= 12; seed++) test(`drawn network ${seed}`, () => check(drawn(seed)));
  // Weights are packed for its vectors, and the loops that stand in for them read that packing.
  for (let seed = 1; seed <= 8; seed++) test(`drawn network ${seed} for cortex-m55`, () => check(drawn(seed), "cortex-m55"));
});
