// What the fuzzers, and the hands that wrote them, have found: each case is made here, and must end as it should.
import { describe, expect, it } from "vitest";
import { FormatError, UserError } from "../../src/base/errors.js";
import { describeFrontend } from "../../src/frontend/frontend.js";
import { parseManifest } from "../../src/corpus/manifest.js";
import { decodeSound, decodeSoundAt } from "../../src/signal/decode.js";
import { encodeWav } from "../../src/signal/wav.js";
import { parseRecipe } from "../../src/train/recipe.js";
import { parseRecipeText } from "../../src/train/run_folder.js";
// @ts-expect-error: a tool without types
import { flacFrame, flacHead } from "../../tools/fuzz/targets/flac_writer.mjs";

interface FrameOptions {
  number: number;
  size: number;
  channels: number;
  bits: number;
  kind: "constant" | "verbatim" | "fixed";
  sample: (index: number) => number;
}
const frameOf = flacFrame as (options: FrameOptions) => Uint8Array;
const headOf = flacHead as (options: {
  block?: number;
  rate: number;
  channels: number;
  bits: number;
  samples: number;
}) => Uint8Array;

const sample = (i: number) => ((i * 7) % 50) - 20;

/** A FLAC file of equal frames. */
function flac(count: number, frame: Omit<FrameOptions, "number" | "sample">, promised = count * frame.size): Uint8Array {
  const head = headOf({ block: frame.size, rate: 16_000, channels: frame.channels, bits: frame.bits, samples: promised });
  const frames = Array.from({ length: count }, (_, number) => frameOf({ ...frame, number: number % 2000, sample }));
  return Uint8Array.from(Buffer.concat([head, ...frames]));
}

describe("found by fuzzing", () => {
  it.each([
    [1, 16, 16, "constant"],
    [8, 16, 16, "fixed"],
    [8, 16, 24, "verbatim"],
    [2, 1024, 8, "fixed"],
    [1, 65_535, 16, "constant"],
  ] as const)(
    "FLAC of %i channels in frames of %i samples of %i bits, %s, that leave the rate to the head",
    async (channels, size, bits, kind) => {
      // The WebAssembly decoder that was here before read outside its memory for eight channels, and found no rate.
      const { samples, sampleRate } = await decodeSound(flac(3, { size, channels, bits, kind }), "a.flac");
      expect([samples.length, sampleRate]).toEqual([3 * size, 16_000]);
      const wanted = Float32Array.from({ length: 30 }, (_, i) => sample(kind === "constant" ? 0 : i % size) / 2 ** (bits - 1));
      expect(samples.subarray(0, 30)).toEqual(wanted);
    },
  );

  it("FLAC that unpacks digital silence to thousands of times its size is refused before it is decoded", async () => {
    const bomb = flac(300, { size: 65_535, channels: 1, bits: 16, kind: "constant" }, 0);
    expect(bomb.length).toBeLessThan(6000);
    await expect(decodeSound(bomb, "a.flac")).rejects.toThrow(
      /^a\.flac: \d+ bytes unpack to \d+ samples and at most \d+ are held/,
    );
  });

  it("FLAC with thousands of frames whose checksums fit nowhere is refused in time", async () => {
    const bytes = flac(4000, { size: 16, channels: 1, bits: 16, kind: "constant" });
    // The first frame's own checksum: a reader that looks for the next one by trying every place after it takes minutes.
    bytes[42 + 15] ^= 1;
    const used = process.cpuUsage();
    await expect(decodeSound(bytes, "a.flac")).rejects.toThrow(
      new FormatError(
        "a.flac",
        "byte 42",
        "a frame whose checksum fits nowhere, after 0 samples",
        "the file is damaged or cut off; copy it again",
      ),
    );
    expect(process.cpuUsage(used).user / 1000).toBeLessThan(1000);
  });

  it("FLAC is not changed by being read", async () => {
    const bytes = Buffer.from(flac(2, { size: 16, channels: 1, bits: 16, kind: "verbatim" }, 0));
    const before = Buffer.from(bytes).toString("hex");
    await decodeSound(bytes, "a.flac");
    expect(bytes.toString("hex")).toBe(before);
  });

  it("WAV of a low rate is not swollen to sixty times its size", async () => {
    const bytes = encodeWav({ samples: new Float32Array(400_000), sampleRate: 1000 }, { bits: 8 });
    await expect(decodeSoundAt(bytes, "a.wav")).rejects.toThrow(/^a\.wav: 400044 bytes unpack to 6800000 samples/);
    expect((await decodeSoundAt(bytes, "a.wav", { rate: null })).samples.length).toBe(400_000);
  });

  it("JSON of a thousand lists in lists is refused by line and column, in recipes and manifests", () => {
    const deep = `{"data": ${"[".repeat(1000)}${"]".repeat(1000)}}`;
    expect(() => parseRecipeText(deep, "a.json")).toThrow(/line 1, column 109: lists and tables more than 100 deep/);
    expect(() => parseManifest(deep, "a.jsonl")).toThrow(/line 1: column 109: lists and tables/);
  });

  it("keys that JavaScript gives a meaning are unknown options", () => {
    const frontend = { kind: "mfcc_tf" };
    for (const key of ["__proto__", "constructor", "toString"]) {
      const value = JSON.parse(`{"model": {"name": "dnn_s"}, "data": [{"kind": "sounds", "path": "a"}], "${key}": 1}`) as object;
      expect(() => parseRecipe({ ...value, frontend, [key]: 1 }, "a.json")).not.toThrow(TypeError);
      expect(() => describeFrontend(JSON.parse(`{"kind": "mfcc_tf", "${key}": 1}`) as never)).not.toThrow(TypeError);
    }
    expect(() => parseRecipe({ frontend, constructor: 1 }, "a.json")).toThrow(UserError);
  });
});
