import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../../src/formats/model_file.js";
import { parseStateDict } from "../../src/formats/pytorch/read.js";
import { encodeWav } from "../../src/signal/wav.js";
import { temporaryFolder } from "../train/tones.js";
import { earshot, type Finished, root } from "./command_line.js";

const folder = temporaryFolder();
const weights = join(root, "test/golden/pytorch/shufflenet.pth");
const run = (...args: string[]): Promise<Finished> => earshot(args, { cwd: folder, environment: { EARSHOT_CC: "none" } });

describe("weights of PyTorch through the program", () => {
  let imported: Finished;
  beforeAll(async () => {
    imported = await run("import", weights, "-o", "model.safetensors", "--licence", "CC0", "--json");
  });

  it("become a model that says what it is", async () => {
    expect(imported.stderr).toBe("");
    const told = JSON.parse(imported.stdout) as Record<string, unknown>;
    expect(told).toMatchObject({
      file: "model.safetensors",
      network: "speechrec/shufflenetv2",
      frontend: { kind: "librosa_mel" },
    });
    const model = await loadModel(join(folder, "model.safetensors"));
    expect(model.licence).toBe("CC0");
    expect(model.training["imported"]).toEqual({ file: "shufflenet.pth", format: "pytorch" });
  });

  it("predict a sound", async () => {
    const sound = encodeWav({
      samples: Float32Array.from({ length: 16_000 }, (_, n) => 0.3 * Math.sin(n / 9)),
      sampleRate: 16_000,
    });
    const { stdout } = await earshot(["predict", "model.safetensors", "-", "--json"], { cwd: folder, input: sound });
    expect(Object.keys((JSON.parse(stdout) as { scores: object }).scores)).toHaveLength(12);
  });

  it("are written again as they were, in both kinds of file", async () => {
    const entries = parseStateDict(readFileSync(weights), weights).size;
    for (const ending of ["pth", "safetensors"]) {
      const exported = await run("export", "model.safetensors", "--to", "pytorch", "-o", `again.${ending}`);
      expect(exported.stdout).toContain(`a state dict of ${entries} entries`);
      expect((await run("import", `again.${ending}`, "-o", `${ending}.safetensors`)).code).toBe(0);
      const [before, after] = await Promise.all(["model", ending].map((name) => loadModel(join(folder, `${name}.safetensors`))));
      expect(after?.parameters).toEqual(before?.parameters);
    }
    expect(readFileSync(join(folder, "again.pth")).subarray(0, 2).toString()).toBe("PK");
  });

  it("wrong calls name what to do", async () => {
    expect((await run("import", weights)).code).toBe(2);
    const other = await run("import", weights, "-o", "model.pth");
    expect(other.stderr).toBe("earshot: --out model.pth: a model file ends in .safetensors; give such a name\n");
    const option = await run("import", weights, "--network", "shufflenetv2", "--option", "channels", "-o", "a.safetensors");
    expect(option.stderr).toBe("earshot: --option channels: write name=value\n");
    const features = await run("export", "model.safetensors", "--to", "pytorch", "--features", "op", "-o", "a.pth");
    expect(features.stderr).toContain("--features is for --to tflite");
  });
});
