import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { withStream } from "../../src/detect/model_stream.js";
import { saveModel } from "../../src/formats/model_file.js";
import { randomModel } from "../formats/random_model.js";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-profile-"));
afterAll(() => rmSync(base, { recursive: true }));

describe("earshot profile", () => {
  it("counts a network of the zoo as published", async () => {
    const { code, stdout } = await earshot(["profile", "svdf", "--json"]);
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ name: "svdf", parameters: 354_444 });
    const sum = (key: string) => found.layers.reduce((total: number, layer: Record<string, number>) => total + layer[key], 0);
    expect(sum("parameters")).toBe(found.parameters);
    expect(sum("multiplyAccumulates")).toBe(found.multiplyAccumulates);
    expect(sum("activationBytes")).toBe(found.activationBytes);
  });

  it("counts a model file, and Hello Edge's networks as Hello Edge does", async () => {
    const file = join(base, "small.safetensors");
    await saveModel(file, { ...randomModel("ds_cnn_s", "arm"), training: { model: "ds_cnn_s" } });
    const { stdout } = await earshot(["profile", file, "--json"]);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ kind: "model", input: [1, 49, 10], multiplyAccumulates: 2_656_768 });
    // 38.6 KB and 5.4 M operations, as printed (Zhang et al. 2017, table 5).
    expect((found.helloEdge.memory / 1000).toFixed(1)).toBe("38.6");
    expect((found.helloEdge.operations / 1e6).toFixed(1)).toBe("5.4");
  });

  it("counts the steps of a stream, of a streaming file without being asked", async () => {
    const file = join(base, "streaming.safetensors");
    await saveModel(file, withStream(randomModel("ds_cnn_s", "arm"), { form: "context", input: "features", hops: 1 }));
    const found = JSON.parse((await earshot(["profile", file, "--json"])).stdout).stream;
    // A clip's 25 frames behind the stride, and the classifier, 64 x 12, 25 times instead of once.
    const perSecond = 2_656_768 + 24 * 64 * 12;
    expect(found).toMatchObject({ form: "context", input: "features", stepMs: 20, flopsPerSecond: 2 * perSecond });
    // The first convolution has strides of 2: every other step makes nothing new behind it.
    const [one, other] = found.steps.map((step: { multiplyAccumulates: number }) => step.multiplyAccumulates);
    expect(25 * (one + other)).toBe(found.multiplyAccumulatesPerSecond);
    expect(Math.min(one, other)).toBe(0);
    expect((await earshot(["profile", file])).stdout).toMatch(/context form: step 2 of every 2, 20 ms of features/);
    const { stdout } = await earshot(["profile", file, "--stream", "window"]);
    expect(stdout).toMatch(/window form: every step, 20 ms of features/);
    expect(stdout).toMatch(/^a second: [\d,]+ multiply-accumulates, [\d,]+ FLOPs; state: [\d,]+ bytes$/m);
    expect(await earshot(["profile", "hello_edge/dnn", "--stream", "context"])).toMatchObject({ code: 2 });
  });

  it("takes options of a network, and prints a table", async () => {
    const { code, stdout } = await earshot(["profile", "hello_edge/dnn", "--option", "model_size_info=100,50"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^layer +op +gives +parameters +multiply-accumulates +activation bytes$/m);
    expect(stdout).toMatch(/^all /m);
    expect(stdout).toMatch(/1 x 50 .*5,000/);
  });

  it("explains wrong use", async () => {
    const cases: [string[], number, RegExp][] = [
      [["profile", "ds_cnn_z"], 2, /no model 'ds_cnn_z'; the nearest is 'ds_cnn_\w'/],
      [["profile", "gone.safetensors"], 1, /gone\.safetensors: there is no such file/],
      [["profile", "svdf", "--option", "units"], 2, /write name=value/],
      [["profile", "svdf", "--option", "unitz=3"], 2, /unitz/],
    ];
    for (const [args, exit, message] of cases) {
      const { code, stderr } = await earshot(args);
      expect([code, stderr]).toEqual([exit, expect.stringMatching(message)]);
    }
  });
});
