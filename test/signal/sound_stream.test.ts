import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { decodeSoundAt } from "../../src/signal/decode.js";
import { resample } from "../../src/signal/resample.js";
import { StreamResampler } from "../../src/signal/resample_stream.js";
import { type StreamOptions, streamSound } from "../../src/signal/sound_stream.js";
import { encodeWav } from "../../src/signal/wav.js";
import type { WavFormat } from "../../src/signal/wav-reader.js";

function noise(count: number, seed = 1): Float32Array {
  const random = new RandomStream(seed);
  return Float32Array.from({ length: count }, () => random.between(-0.5, 0.5));
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Uint8Array, size: number, options?: StreamOptions): Promise<Float32Array> {
  const samples: number[] = [];
  for await (const block of streamSound(pieces(bytes, size), "a.wav", options)) samples.push(...block);
  return Float32Array.from(samples);
}

const raw: WavFormat = { encoding: "pcm", sampleBytes: 2, channels: 1, sampleRate: 16_000 };

describe("resampling in blocks", () => {
  it.each([
    [44_100, 16_000],
    [48_000, 16_000],
    [8000, 16_000],
    [16_000, 16_000],
    // No small ratio: rows of the filter are mixed.
    [44_101, 16_000],
  ])("gives what resampling at once gives, %i to %i Hz", (from, to) => {
    const samples = noise(9000);
    const resampler = new StreamResampler(from, to);
    const got: number[] = [];
    for (let at = 0, size = 1; at < samples.length; at += size, size = (size * 7) % 1013)
      got.push(...resampler.push(samples.subarray(at, at + size)));
    got.push(...resampler.end());
    expect(Float32Array.from(got)).toEqual(resample(samples, from, to));
  });
});

describe("sounds in blocks", () => {
  const samples = noise(5000);
  const wav = encodeWav({ samples, sampleRate: 16_000 });

  it.each([1, 7, 44, 1000, 1 << 20])("a WAV file in blocks of %i bytes is the whole file", async (size) => {
    expect(await read(wav, size)).toEqual(await read(wav, wav.length));
    expect((await read(wav, size)).length).toBe(5000);
  });

  it.each([0, 0xffffffff])("a data size of %i means: to the end", async (size) => {
    const streamed = wav.slice();
    new DataView(streamed.buffer).setUint32(40, size, true);
    expect(await read(streamed, 333)).toEqual(await read(wav, 333));
  });

  it("stops where the samples end, though other chunks follow", async () => {
    const longer = new Uint8Array([...wav, ...new TextEncoder().encode("LIST"), 4, 0, 0, 0, 1, 2, 3, 4]);
    expect((await read(longer, 100)).length).toBe(5000);
  });

  it("bare samples are read as the options say, also where the first one is -1", async () => {
    const bytes = wav.slice(44);
    bytes.set([0xff, 0xff], 0);
    let told = 0;
    const got = await read(bytes, 13, { raw, onRaw: () => told++ });
    expect(got.length).toBe(5000);
    expect(got[0]).toBe(-1 / 32768);
    expect(got.subarray(1)).toEqual((await read(wav, 500)).subarray(1));
    expect(told).toBe(1);
  });

  it("what is no sound is refused where no samples without header are expected", async () => {
    await expect(read(new TextEncoder().encode("hello, this is a text"), 4)).rejects.toThrow(FormatError);
    await expect(read(new Uint8Array(0), 4)).rejects.toThrow(/an empty file/);
    await expect(read(wav.subarray(0, 30), 4)).rejects.toThrow(FormatError);
  });
});

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

describe.each([
  ["flac", (wav: string, out: string) => ["--totally-silent", "-f", wav, "-o", out]],
  ["opusenc", (wav: string, out: string) => ["--quiet", wav, out]],
  ["oggenc", (wav: string, out: string) => ["-Q", wav, "-o", out]],
] as const)("files written by %s", (program, args) => {
  it.skipIf(!has(program))(`decode in blocks as at once (needs the program ${program})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "earshot-stream-"));
    try {
      const wav = join(folder, "a.wav");
      writeFileSync(wav, encodeWav({ samples: noise(40_000), sampleRate: 22_050 }));
      execFileSync(program, args(wav, join(folder, "b")));
      const bytes = readFileSync(join(folder, "b"));
      const whole = await decodeSoundAt(bytes, "b", {});
      for (const size of [997, 1 << 20]) {
        const got = await read(bytes, size);
        // Only the whole file tells where the last packet of Opus is cut.
        expect(Math.abs(got.length - whole.samples.length)).toBeLessThanOrEqual(program === "opusenc" ? 1920 : 0);
        const common = Math.min(got.length, whole.samples.length) - 100;
        expect(got.subarray(0, common)).toEqual(whole.samples.subarray(0, common));
      }
      if (program === "flac") await expect(read(bytes.subarray(0, bytes.length - 500), 997)).rejects.toThrow(FormatError);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
