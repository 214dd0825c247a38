import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RandomStream } from "../../src/base/random.js";
import { encodeWav } from "../../src/signal/wav.js";
import type { RecipeInput } from "../../src/train/recipe.js";

/** A new temporary folder, removed when the run of the tests ends (`test/temporary_files.ts`). */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "earshot-train-"));
}

/** Two "words" that are tones of their own range, with noise; twelve clips for each split, and one recording of noise. */
export function toneDataset(perSplit = 12): string {
  const root = temporaryFolder();
  const random = new RandomStream(7);
  for (const [word, low] of [
    ["low", 300],
    ["high", 1500],
  ] as const) {
    for (const split of ["training", "validation", "testing"]) {
      const names: string[] = [];
      for (let i = 0; i < perSplit; i++) {
        const name = `${word}/${split.slice(0, 2)}${String(i).padStart(6, "0")}_nohash_0.wav`;
        const frequency = low * random.between(1, 1.5);
        const samples = Float32Array.from({ length: 16000 }, (_, n) => {
          const envelope = Math.exp(-(((n - 8000) / 3000) ** 2));
          return 0.4 * envelope * Math.sin((2 * Math.PI * frequency * n) / 16000) + 0.01 * random.normal();
        });
        write(join(root, name), samples);
        names.push(name);
      }
      writeFileSync(join(root, `${split}_list.txt`), names.map((name) => `${name}\n`).join(""), { flag: "a" });
    }
  }
  write(
    join(root, "_background_noise_/hiss.wav"),
    Float32Array.from({ length: 40_000 }, () => 0.05 * random.normal()),
  );
  return root;
}

function write(path: string, samples: Float32Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeWav({ samples, sampleRate: 16_000 }));
}

/** A small network on such a data set; silence is generated. */
export function toneRecipe(data: string): RecipeInput {
  return {
    model: { name: "dnn_s", options: {} },
    frontend: {
      kind: "mfcc_op",
      windowMs: 40,
      strideMs: 20,
      melBands: 20,
      lowerHertz: 20,
      upperHertz: 4000,
      dctCoefficients: 10,
    },
    data: [{ kind: "sounds", path: data }],
    task: { words: ["low", "high"], silence: true, unknown: false },
    optimizer: { kind: "adam" },
    schedule: { kind: "cosine", rate: 0.002, warmup: 5 },
    batch: 16,
    steps: 40,
    validateEvery: 10,
    labelSmoothing: 0.05,
    clipNorm: 5,
    seed: 3,
  };
}
