import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset } from "../../src/corpus/dataset.js";
import { loadClip } from "../../src/corpus/load_clip.js";
import { readRecording } from "../../src/corpus/recording.js";
import { encodeNpy } from "../../src/formats/npy.js";
import { encodeWav } from "../../src/signal/wav.js";
import { temporaryFolder } from "../train/tones.js";

const samples = Float32Array.from({ length: 9000 }, (_, i) => 0.5 * Math.sin(i / 7));

function folderOfArrays(): string {
  const root = temporaryFolder();
  for (const word of ["yes", "no", "_background_noise_"]) {
    mkdirSync(join(root, word));
    for (let i = 0; i < 20; i++) writeFileSync(join(root, word, `a${i}_nohash_0.npy`), encodeNpy("f32", [9000], samples));
  }
  // As where a set was converted in its place: the sounds lie beside.
  writeFileSync(join(root, "yes", "a1_nohash_0.wav"), encodeWav({ samples, sampleRate: 16000 }));
  return root;
}

describe("recordings in .npy files", () => {
  it("are a data set where they are asked for, and are not seen where sounds are", async () => {
    const root = folderOfArrays();
    const options = { words: ["yes", "no"], silence: false, unknown: false, splitBy: "hash" } as const;
    const arrays = openDataset(root, { ...options, recordings: "npy" });
    expect(arrays.clips).toHaveLength(40);
    expect(arrays.noise).toHaveLength(20);
    const sounds = openDataset(root, { ...options, partial: true });
    expect(sounds.clips.map(({ path }) => path)).toEqual([join(root, "yes", "a1_nohash_0.wav")]);
    const [clip] = arrays.clips;
    const loaded = await loadClip(clip!, 16000);
    expect(loaded.subarray(0, 9000)).toEqual(samples);
    expect(loaded.subarray(9000).every((x) => x === 0)).toBe(true);
  });

  it("must be one channel of floats of bounded length", async () => {
    const root = temporaryFolder();
    const write = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(root, name), bytes);
      return join(root, name);
    };
    const column = write("column.npy", encodeNpy("f64", [1, 3], Float64Array.of(0.5, -1, 0)));
    expect(await readRecording(column, { rate: 16000 })).toEqual(Float32Array.of(0.5, -1, 0));
    const whole = write("whole.npy", encodeNpy("i16", [2], Int16Array.of(1, 2)));
    await expect(readRecording(whole, { rate: 16000 })).rejects.toThrow(/an array of i16; store samples in \[-1, 1\) as float32/);
    const stereo = write("stereo.npy", encodeNpy("f32", [2, 2], new Float32Array(4)));
    await expect(readRecording(stereo, { rate: 16000 })).rejects.toThrow(/shape \(2, 2\); store one channel/);
    const long = write("long.npy", encodeNpy("f32", [32000], new Float32Array(32000)));
    await expect(readRecording(long, { rate: 16000, maxSeconds: 1 })).rejects.toThrow(/lasts 2 s, at most 1 s are read/);
    const cut = write("cut.npy", encodeNpy("f32", [100], new Float32Array(100)).subarray(0, 200));
    await expect(readRecording(cut, { rate: 16000 })).rejects.toThrow(/cut off/);
  });
});
