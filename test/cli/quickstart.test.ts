import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { earshot } from "./command_line.js";

it("quickstart goes the whole way on a small scale", async () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-quickstart-"));
  try {
    const { code, stdout, stderr } = await earshot([
      "quickstart",
      "--out",
      folder,
      "--per-word",
      "20",
      "--steps",
      "6",
      "--target",
      "wasm",
      "--json",
    ]);
    expect(stderr).not.toContain("fault of earshot");
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.heldOutVoice).toBe("rms");
    expect(result.evaluation.clips).toBeGreaterThan(30);
    expect(result.tflite.clips).toBeGreaterThan(10);
    expect(existsSync(result.report)).toBe(true);
    expect(existsSync(join(folder, "ds_cnn_s.tflite"))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);
