import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { clipsOf, openDataset } from "../../src/corpus/dataset.js";
import { ClipLoader, loadClip } from "../../src/corpus/load_clip.js";
import { loadNoise, pieceOfNoise } from "../../src/corpus/noise_bank.js";
import { decodeWav, encodeWav } from "../../src/signal/wav.js";
import { dataFolder, temporaryFolder, tone, writeWav } from "./folders.js";

const root = temporaryFolder();
const file = (name: string) => ({ path: join(root, name), kind: "file" as const });
const sound = tone(24000, 440);
const words = Float32Array.from(sound, (value) => Math.round(value * 32768) / 32768 + 0);
writeWav(join(root, "long.wav"), sound);
writeWav(join(root, "short.wav"), sound.subarray(0, 1000));
writeWav(join(root, "slow.wav"), tone(8000, 440, 0.5, 8000), 8000);
writeFileSync(join(root, "float.wav"), encodeWav({ samples: sound, sampleRate: 16000 }, { bits: 32 }));
// A chunk before the samples, as many recorders write.
const plain = encodeWav({ samples: sound, sampleRate: 16000 });
writeFileSync(
  join(root, "chunk.wav"),
  Buffer.concat([plain.subarray(0, 36), Buffer.from("LIST\x04\0\0\0INFO"), plain.subarray(36)]),
);

describe("load clip", () => {
  it("cuts and pads at the end", async () => {
    expect(await loadClip(file("long.wav"))).toEqual(words.subarray(0, 16000));
    const short = await loadClip(file("short.wav"));
    expect([short.length, short.subarray(1000).every((value) => value === 0)]).toEqual([16000, true]);
    expect(short.subarray(0, 1000)).toEqual(words.subarray(0, 1000));
  });

  it("reads usual WAV files at once, and gives the general reader's samples", async () => {
    const loader = new ClipLoader();
    const out = new Float32Array(24000).fill(9);
    for (const name of ["long.wav", "chunk.wav", "short.wav"]) {
      expect(loader.loadNow(file(name), out.fill(9))).toBe(true);
      const whole = decodeWav(readFileSync(join(root, name)), name).samples;
      expect(out.subarray(0, whole.length)).toEqual(whole);
    }
    for (const name of ["float.wav", "slow.wav", "gone.wav"]) expect(loader.loadNow(file(name), out)).toBe(false);
    await loader.load(file("float.wav"), out);
    expect(Math.max(...out.map((value, i) => Math.abs(value - sound[i])))).toBeLessThan(1e-6);
    await loader.load(file("slow.wav"), out);
    expect(out.subarray(16000).every((value) => value === 0)).toBe(true);
    const peak = out.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(peak).toBeGreaterThan(0.45);
  });

  it("cuts between start and end, on both ways", async () => {
    const loader = new ClipLoader();
    for (const name of ["long.wav", "float.wav"]) {
      const out = new Float32Array(4000);
      await loader.load({ ...file(name), start: 0.5, end: 0.625 }, out);
      expect(out.subarray(0, 2000).every((value, i) => Math.abs(value - words[8000 + i]) < 1e-4)).toBe(true);
      expect(out.subarray(2000).every((value) => value === 0)).toBe(true);
      await loader.load({ ...file(name), start: 1.4 }, out);
      expect([Math.abs(out[1599] - words[23999]) < 1e-4, out[1600]]).toEqual([true, 0]);
    }
  });

  it("gives zeros for generated silence", async () => {
    const out = new Float32Array(16).fill(1);
    await new ClipLoader().load({ path: "", kind: "silence" }, out);
    expect(out.every((value) => value === 0)).toBe(true);
  });

  it("says what is wrong", async () => {
    writeFileSync(join(root, "text.wav"), "RIFF, but not really");
    writeFileSync(join(root, "empty.wav"), encodeWav({ samples: new Float32Array(0), sampleRate: 16000 }));
    await expect(loadClip(file("gone.wav"))).rejects.toThrow(/gone\.wav/);
    await expect(loadClip(file("text.wav"))).rejects.toThrow(UserError);
    await expect(loadClip(file("empty.wav"))).rejects.toThrow(UserError);
    await expect(loadClip({ ...file("long.wav"), start: 2 })).rejects.toThrow(
      /no sound from 2 s on; the recording lasts 1\.500 s/,
    );
  });
});

describe("background noise", () => {
  it("must be longer than a clip", async () => {
    expect((await loadNoise([join(root, "long.wav")])).map((samples) => samples.length)).toEqual([24000]);
    expect(await loadNoise([])).toEqual([]);
    await expect(loadNoise([join(root, "short.wav")])).rejects.toThrow(
      /short\.wav: background noise lasts 0\.06 s and must be longer than a clip \(1\.00 s\)/,
    );
    await expect(loadNoise([join(root, "long.wav"), join(root, "long.wav")], { maxSeconds: 2 })).rejects.toThrow(UserError);
  });

  it("gives pieces of random place and volume as silence", () => {
    const recording = tone(5000, 100, 1);
    const out = new Float32Array(1000);
    const volumes = Array.from({ length: 50 }, (_, i) => {
      pieceOfNoise([recording], 0.1, new RandomStream(1, i), out);
      return Math.max(...out);
    });
    expect(Math.max(...volumes)).toBeLessThanOrEqual(0.1);
    expect(new Set(volumes).size).toBe(50);
    pieceOfNoise([], 0.1, new RandomStream(1), out);
    expect(out.every((value) => value === 0)).toBe(true);
  });
});

const speech = join(dataFolder, "speech_commands");
describe.skipIf(!existsSync(speech))("shared clips (skipped without EARSHOT_DATA)", () => {
  it("are all read at once, with the samples of the general reader", () => {
    const loader = new ClipLoader();
    const out = new Float32Array(16000);
    for (const clip of clipsOf(openDataset(speech), "validation")) {
      expect(loader.loadNow(clip, out)).toBe(true);
      if (clip.kind === "silence") continue;
      const whole = decodeWav(readFileSync(clip.path), clip.path).samples;
      expect(Buffer.compare(Buffer.from(out.slice(0, whole.length).buffer), Buffer.from(whole.slice(0, 16000).buffer))).toBe(0);
    }
  });
});
