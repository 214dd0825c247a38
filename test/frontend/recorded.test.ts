import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { decodeNpy, npyHeaderLimit, parseNpyHeader } from "../../src/formats/npy.js";
import { buildFrontend, describeFrontend, type FrontendInput } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { decodeSound } from "../../src/signal/decode.js";
import { decodeWav } from "../../src/signal/wav-reader.js";
import { dataFolder } from "../corpus/folders.js";
import { largestDifference } from "./golden.js";
import { runGraph } from "./run.js";

const models = join(import.meta.dirname, "../../../shared/models");
const recorded = join(models, "expected/features");
const sound = { samples: 16000, rate: 16000 };

/** The clips whose features were recorded. */
const clips = [
  ["yes__0cb74144_nohash_0", "yes/0cb74144_nohash_0.flac"],
  ["_silence___1043", "_silence_/1043.flac"],
] as const;

async function samplesOf(file: string): Promise<Float32Array> {
  const { samples } = await decodeSound(readFileSync(join(models, "clips", file)), file);
  const out = new Float32Array(16000);
  out.set(samples.subarray(0, 16000));
  return out;
}

function arrayOf(folder: string, name: string): ArrayLike<number> {
  const file = join(recorded, folder, `${name}.npy`);
  return decodeNpy(readFileSync(file), file).data as ArrayLike<number>;
}

const tiny: FrontendInput = {
  kind: "log_mel",
  windowMs: 30,
  strideMs: 20,
  spectrum: "magnitude",
  upperHertz: 4000,
  logFloor: 0,
  logOffset: 1e-6,
};

// Arm: tf.raw_ops.AudioSpectrogram and Mfcc; tiny: MLPerf Tiny's front end, of clips divided by their largest sample.
const cases: [string, FrontendInput, boolean][] = [
  ["arm_mfcc10_640_320", frontendPreset("arm"), false],
  ["arm_mfcc10_640_640", { ...frontendPreset("arm"), strideMs: 40 } as FrontendInput, false],
  ["arm_mfcc40_640_320", { ...frontendPreset("arm"), dctCoefficients: 40 } as FrontendInput, false],
  ["tiny_logmel40_480_320", tiny, true],
  ["tiny_mfcc10_480_320", { ...tiny, dctCoefficients: 10 }, true],
];

describe.skipIf(!existsSync(recorded))("features recorded from the originals (skipped without ../shared/models)", () => {
  for (const [folder, clip] of clips)
    for (const [name, options, isDivided] of cases)
      it(`${name} of ${folder}`, async () => {
        const x = await samplesOf(clip);
        const largest = isDivided ? x.reduce((a, b) => Math.max(a, b)) : 1;
        const graph = buildFrontend(describeFrontend(options), sound);
        const got = await runGraph(
          graph,
          x.map((sample) => sample / largest),
          "wasm",
        );
        const difference = largestDifference(got, arrayOf(folder, name));
        console.log(`${name} of ${folder}: largest difference ${difference.toExponential(2)}`);
        expect(difference).toBeLessThan(1e-3);
      });
});

interface ArchivedClip {
  readonly index: number;
  readonly file: string;
}

/** Clips of which there is both a WAV file of one second and an array. */
function archivedClips(most: number): ArchivedClip[] {
  const found: ArchivedClip[] = [];
  for (const line of readFileSync(join(dataFolder, "features/features.csv"), "utf8").split("\n").slice(1)) {
    const [index, word, name] = line.split(",");
    const file = join(dataFolder, "speech_commands", word ?? "", `${name}.wav`);
    if (name && existsSync(file)) found.push({ index: Number(index), file });
    if (found.length === most) break;
  }
  return found;
}

describe.skipIf(!existsSync(join(dataFolder, "features/features.npy")))(
  "the shared archive (skipped without EARSHOT_DATA)",
  () => {
    it("holds what log_mel_4k makes of the clips, but for the loss of JPEG", async () => {
      const program = await compile(buildFrontend(frontendPreset("log_mel_4k"), sound), { target: "wasm" });
      const archive = openSync(join(dataFolder, "features/features.npy"), "r");
      const head = Buffer.alloc(npyHeaderLimit);
      readSync(archive, head, 0, head.length, 0);
      const { dataOffset } = parseNpyHeader(head, "features.npy", fstatSync(archive).size);
      const errors: number[] = [];
      for (const { index, file } of archivedClips(40)) {
        const { samples } = decodeWav(readFileSync(file), file);
        if (samples.length !== 16000) continue;
        program.write("audio", samples);
        program.run();
        const array = Buffer.alloc(3920);
        readSync(archive, array, 0, 3920, dataOffset + index * 3920);
        const squares = program.read("features").reduce((sum, value, i) => sum + (value - (array[i] as number)) ** 2, 0);
        errors.push(Math.sqrt(squares / 3920));
      }
      closeSync(archive);
      program.close();
      errors.sort((a, b) => a - b);
      const median = errors[errors.length >> 1] as number;
      console.log(`${errors.length} clips: root mean square difference ${median.toFixed(2)} grey values in the median clip`);
      // The data's README found 4.4 (4.7 at the 95th percentile) against the formula.
      expect(errors.length).toBeGreaterThan(20);
      expect(median).toBeLessThan(5);
    });
  },
);
