import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.js";
import { encodeWav } from "../../src/signal/wav-writer.js";
import { earshot } from "./command_line.js";

const base = mkdtempSync(join(tmpdir(), "earshot-stream-"));
afterAll(() => rmSync(base, { recursive: true }));

function recording(seconds: number): string {
  const random = new RandomStream(2);
  const file = join(base, `${seconds}.wav`);
  writeFileSync(
    file,
    encodeWav({ samples: Float32Array.from({ length: seconds * 16000 }, () => random.between(-0.3, 0.3)), sampleRate: 16000 }),
  );
  return file;
}

describe("earshot stream", () => {
  it("reports and checks a shipped model", async () => {
    const { code, stdout } = await earshot(["stream", "ds_cnn_s", "--check", recording(2), "--json"]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ form: "context", hops: 2, hopMs: 20, resultMs: 40, delayMs: 250, phases: 1 });
    expect(report.clipMultiplyAccumulatesPerSecond / report.multiplyAccumulatesPerSecond).toBeGreaterThan(40);
    expect(report.checks[0]).toMatchObject({ equal: true });
    expect(report.checks[0].compared).toBeGreaterThan(5);
  });

  it("compares what a beginning that is not a clip's has no part in", async () => {
    const args = (seconds: number) => ["stream", "tc_resnet", "--check", recording(seconds), "--json"];
    const { code, stdout } = await earshot(args(4));
    const { startsCleanly, receptiveFieldMs, delayMs, checks } = JSON.parse(stdout);
    expect([code, startsCleanly, checks[0].equal]).toEqual([0, false, true]);
    // From the first clip on whose result is made without the first step.
    expect(checks[0].fromSeconds).toBeCloseTo((receptiveFieldMs - 1000 - delayMs + 20) / 1000, 1);
    expect(checks[0].compared).toBeGreaterThan(50);
    const short = await earshot(args(2));
    expect([short.code, short.stderr]).toEqual([1, expect.stringContaining("2.00 s are too short to check on")]);
  });

  it("the window form has no delay, and prints a table", async () => {
    const { code, stdout } = await earshot(["stream", "svdf", "--form", "window", "--input", "features", "--hops", "3"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^delay +0 ms$/m);
    expect(stdout).toMatch(/^step +3 x 20 ms of features/m);
  });

  it("writes a file that streams, checks and is quantized in its own way", async () => {
    const file = join(base, "streaming.safetensors");
    const wrote = await earshot(["stream", "ds_cnn_s", "--input", "features", "--hops", "1", "--out", file, "--json"]);
    expect(JSON.parse(wrote.stdout)).toMatchObject({ file, form: "context", hops: 1, phases: 2 });
    const { code, stdout } = await earshot(["stream", file, "--check", recording(2), "--json"]);
    expect(code).toBe(0);
    const own = JSON.parse(stdout);
    expect(own).toMatchObject({ form: "context", input: "features", hops: 1, checks: [{ equal: true }] });
    const other = JSON.parse((await earshot(["stream", file, "--form", "window", "--json"])).stdout);
    expect(other).toMatchObject({ form: "window", input: "features", hops: 1, delayMs: 0 });
  });

  it("says what is wrong", async () => {
    for (const [args, wanted, message] of [
      [["stream", "ds_cnn_z"], 1, /there is no such file/],
      [["stream", "ds_cnn_s", "--hops", "0"], 2, /whole number/],
      [["stream", "ds_cnn_s", "--check", recording(1)], 1, /too short to check on/],
      [["evaluate", "ds_cnn_s", "--data", "x", "--reset"], 2, /--reset goes with --stream-clips/],
      [["evaluate", "ds_cnn_s", "--data", "x", "--order", "1"], 2, /--order goes with --stream-clips/],
    ] as const) {
      const { code, stderr } = await earshot([...args]);
      expect(stderr).toMatch(message);
      expect(code).toBe(wanted);
    }
  });
});
