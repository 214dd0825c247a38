import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FormatError, UserError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import { decodeSound, readSound, soundFormat } from "../../src/signal/decode.js";
import { encodeWav } from "../../src/signal/wav.js";

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;
const flac = has("flac");
const opus = has("opusenc");
const vorbis = has("oggenc");

/** Half a second of tone and noise, every int16 value exact. */
function testSamples(count: number): Float32Array {
  const random = new RandomStream(7);
  return Float32Array.from(
    { length: count },
    (_, i) => Math.round(20_000 * Math.sin(i * 0.05) + random.between(-9000, 9000)) / 32768,
  );
}

function correlation(a: Float32Array, b: Float32Array): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    ab += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe("decodeSound", () => {
  let folder = "";
  const path = (name: string): string => join(folder, name);
  const samples = testSamples(8000);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "earshot-decode-"));
    writeFileSync(path("a.wav"), encodeWav({ samples, sampleRate: 16_000 }));
    writeFileSync(path("deep.wav"), encodeWav({ samples, sampleRate: 16_000 }, { bits: 24 }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("reads a WAV by its content, whatever it is called, at the rate wanted", async () => {
    writeFileSync(path("a.flac"), readFileSync(path("a.wav")));
    expect((await readSound(path("a.flac"))).samples).toEqual(samples);
    const half = await readSound(path("a.wav"), { rate: 8000 });
    expect([half.sampleRate, half.samples.length]).toEqual([8000, 4000]);
  });

  it.skipIf(!flac)("gives back every sample of FLAC at 16 and 24 bits (needs the program flac)", async () => {
    for (const name of ["a", "deep"]) {
      execFileSync("flac", ["--totally-silent", "-f", path(`${name}.wav`), "-o", path("x.flac")]);
      const sound = await decodeSound(readFileSync(path("x.flac")), "x.flac");
      expect(sound.sampleRate).toBe(16_000);
      expect(sound.samples).toEqual(samples);
    }
  });

  it.skipIf(!flac)("bounds, cut and damaged FLAC give typed errors (needs the program flac)", async () => {
    execFileSync("flac", ["--totally-silent", "-f", path("a.wav"), "-o", path("x.flac")]);
    const bytes = readFileSync(path("x.flac"));
    await expect(decodeSound(bytes, "x", { maxSeconds: 0.4 })).rejects.toThrow(/lasts 0.5 s/);
    for (const size of [20, 50, 5000, bytes.length - 3000])
      await expect(decodeSound(bytes.subarray(0, size), "x")).rejects.toThrow(FormatError);
    const random = new RandomStream(3);
    for (let round = 0; round < 20; round++) {
      const changed = Uint8Array.from(bytes);
      for (let i = 0; i < 10; i++) changed[4 + random.integer(bytes.length - 4)] = random.integer(256);
      await decodeSound(changed, "x").catch((error) => expect(error).toBeInstanceOf(UserError));
    }
  });

  it.skipIf(!flac)("keeps digital silence at the end of a FLAC (needs the program flac)", async () => {
    const quiet = Float32Array.from({ length: 8209 }, (_, i) => (i < 100 ? 0.5 : 0));
    writeFileSync(path("quiet.wav"), encodeWav({ samples: quiet, sampleRate: 16_000 }));
    execFileSync("flac", ["--totally-silent", "-f", path("quiet.wav"), "-o", path("quiet.flac")]);
    expect((await decodeSound(readFileSync(path("quiet.flac")), "quiet.flac")).samples).toEqual(quiet);
  });

  it.skipIf(!flac)(
    "stops a FLAC that unpacks to more than the limit although its header does not say (needs the program flac)",
    async () => {
      writeFileSync(path("zeros.wav"), encodeWav({ samples: new Float32Array(160_000), sampleRate: 16_000 }));
      execFileSync("flac", ["--totally-silent", "-f", path("zeros.wav"), "-o", path("zeros.flac")]);
      const bytes = readFileSync(path("zeros.flac"));
      bytes[21] &= 0xf0;
      bytes.fill(0, 22, 26);
      expect((await decodeSound(bytes, "x")).samples.length).toBe(160_000);
      await expect(decodeSound(bytes, "x", { maxSeconds: 5 })).rejects.toThrow(/at most 5.0 s/);
    },
  );

  it.skipIf(!opus)("reads Ogg Opus (needs the program opusenc)", async () => {
    execFileSync("opusenc", ["--quiet", "--bitrate", "64", path("a.wav"), path("x.opus")]);
    const sound = await readSound(path("x.opus"));
    expect(Math.abs(sound.samples.length - samples.length)).toBeLessThan(3);
    expect(correlation(sound.samples, samples)).toBeGreaterThan(0.95);
    await expect(readSound(path("x.opus"), { maxSeconds: 0.2 })).rejects.toThrow(UserError);
    truncateSync(path("x.opus"), 300);
    await readSound(path("x.opus")).catch((error) => expect(error).toBeInstanceOf(UserError));
  });

  it.skipIf(!vorbis)("reads Ogg Vorbis (needs the program oggenc)", async () => {
    execFileSync("oggenc", ["-Q", "-q", "8", path("a.wav"), "-o", path("x.ogg")]);
    const sound = await readSound(path("x.ogg"));
    expect(sound.samples.length).toBe(samples.length);
    expect(correlation(sound.samples, samples)).toBeGreaterThan(0.98);
    const bytes = readFileSync(path("x.ogg"));
    const random = new RandomStream(4);
    for (let round = 0; round < 20; round++) {
      const changed = Uint8Array.from(bytes);
      for (let i = 0; i < 10; i++) changed[28 + random.integer(bytes.length - 28)] = random.integer(256);
      await decodeSound(changed, "x").catch((error) => expect(error).toBeInstanceOf(UserError));
    }
  });

  it("names what else it was given", async () => {
    expect(soundFormat(new Uint8Array(3))).toBeUndefined();
    await expect(decodeSound(new Uint8Array(0), "e")).rejects.toThrow(/e: byte 0: an empty file/);
    await expect(decodeSound(Buffer.from("ID3\x03\0\0\0\0\0\0\xff\xfb", "latin1"), "m")).rejects.toThrow(/MP3/);
    await expect(readSound(path("missing.wav"))).rejects.toThrow(UserError);
    await expect(readSound(path("a.wav"), { maxBytes: 100 })).rejects.toThrow(/at most 100/);
  });
});
