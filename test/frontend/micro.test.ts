import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeNpy } from "../../src/formats/npy.js";
import { buildFrontend, describeFrontend, oneSecond } from "../../src/frontend/frontend.js";
import { microGains, microLogs, microTables } from "../../src/kernels/micro_tables.js";
import { decodeSound } from "../../src/signal/decode.js";
import { goldenFile, valuesOf } from "./golden.js";
import { runGraph, targets } from "./run.js";

const models = join(import.meta.dirname, "../../../shared/models");
const recorded = join(models, "expected/features");
const clips = ["yes__0cb74144_nohash_0", "_unknown___backward_87070229_nohash_2", "_silence___1043"] as const;
const fileOf = (clip: string): string => clip.replace(/^(_?[a-z]+_?)__/, "$1/");

describe.skipIf(!existsSync(recorded))("the micro front end against TensorFlow's op (skipped without ../shared/models)", () => {
  for (const strideMs of [10, 20])
    it.each(targets)(`has its bits on three clips, a frame every ${strideMs} ms, on %s`, async (target) => {
      const graph = buildFrontend(describeFrontend({ kind: "micro", strideMs, scale: 1 }), oneSecond);
      for (const clip of target === "oracle" ? clips.slice(0, 1) : clips) {
        const { samples } = await decodeSound(readFileSync(join(models, "clips", `${fileOf(clip)}.flac`)), clip);
        const file = join(recorded, clip, `microfrontend40_30ms_${strideMs}ms_uint16.npy`);
        const wanted = decodeNpy(readFileSync(file), file).data as Uint16Array;
        expect([...(await runGraph(graph, samples.subarray(0, 16_000), target))]).toEqual([...wanted]);
      }
    });
});

describe("the micro front end", () => {
  // Windows of transforms from 32 to 2,048 points: gain and logarithm depend on their number, which ours once took for 512.
  const golden = goldenFile("micro_frontend.json");

  it.each(golden.cases)("has the bits of TensorFlow's operation: $name", async (one) => {
    const graph = buildFrontend(describeFrontend({ kind: "micro", ...one.attributes, scale: 1 }), oneSecond);
    const heard = await runGraph(graph, Float32Array.from(golden.input(one, "x")), "wasm");
    expect([...heard]).toEqual([...valuesOf(one.outputs["features"] as Parameters<typeof valuesOf>[0])]);
  });

  it.each(targets)("gives nothing for silence and whole numbers for the loudest sound, on %s", async (target) => {
    const graph = buildFrontend(describeFrontend({ kind: "micro", scale: 1 }), oneSecond);
    expect((await runGraph(graph, new Float32Array(16_000), target)).every((value) => value === 0)).toBe(true);
    const square = Float32Array.from({ length: 16_000 }, (_, n) => (n % 40 < 20 ? 1 : -1));
    const loud = await runGraph(graph, square, target);
    expect(loud.every((value) => Number.isInteger(value) && value >= 0 && value < 65_536)).toBe(true);
    expect(Math.max(...loud)).toBeGreaterThan(300);
  });

  it("has tables of whole numbers: some that the original prints", () => {
    expect(Array.from(microLogs().subarray(0, 5))).toEqual([0, 224, 442, 654, 861]);
    expect(Math.max(...microLogs())).toBe(5641);
    expect(microGains()[0]).toBeGreaterThan(microGains()[20] as number);
    const { starts, weights, unweights } = microTables({
      rate: 16_000,
      window: 480,
      points: 512,
      bands: 40,
      lower: 125,
      upper: 7500,
    });
    expect([starts[0], starts.at(-1)]).toEqual([5, 241]);
    for (let bin = 5; bin < 241; bin++)
      expect(Math.abs((weights[bin] as number) + (unweights[bin] as number) - 4096)).toBeLessThan(2);
  });

  it("says which frames it cannot have", () => {
    const build = (options: object) => () => buildFrontend(describeFrontend({ kind: "micro", ...options }), oneSecond);
    expect(build({ windowMs: 200 })).toThrow(/option windowMs: 3200 samples need a transform of 4096 points/);
    expect(build({ upperHertz: 8000 })).toThrow(/option upperHertz/);
  });
});
