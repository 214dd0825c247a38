import { describe, expect, it } from "vitest";
import fc from "fast-check";
import * as wavefile from "wavefile";
import { FormatError, UserError } from "../../src/base/errors.js";
import { decodeWav, encodeWav } from "../../src/signal/wav.js";

const { WaveFile } = (wavefile as unknown as { default?: typeof wavefile }).default ?? wavefile;

/** Builds a RIFF file from named chunks, with or without the padding byte. */
function riff(chunks: [string, Uint8Array, number?][], pad = true, magic = "RIFF"): Uint8Array {
  const parts: Buffer[] = [];
  for (const [name, body, claimed] of chunks) {
    const head = Buffer.alloc(8);
    head.write(name, 0, "latin1");
    head.writeUInt32LE(claimed ?? body.length, 4);
    parts.push(head, Buffer.from(body));
    if (pad && body.length % 2 === 1) parts.push(Buffer.alloc(1));
  }
  const content = Buffer.concat(parts);
  const head = Buffer.alloc(12);
  head.write(magic, 0, "latin1");
  head.writeUInt32LE(content.length + 4, 4);
  head.write("WAVE", 8, "latin1");
  return Buffer.concat([head, content]);
}

function formatChunk(tag: number, channels: number, rate: number, bits: number, block = (channels * bits) / 8): Uint8Array {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt32LE(rate * block, 8);
  body.writeUInt16LE(block, 12);
  body.writeUInt16LE(bits, 14);
  return body;
}

const pcm16 = formatChunk(1, 1, 16_000, 16);
const four = new Uint8Array(new Int16Array([1, -2, 32767, -32768]).buffer);
const fourSamples = [1 / 32768, -2 / 32768, 32767 / 32768, -1];

describe("decodeWav", () => {
  it.each([
    ["8", 1 / 128],
    ["16", 1 / 32768],
    ["24", 2 ** -23],
    ["32", 2 ** -31],
    ["32f", 0],
    ["64", 0],
  ] as const)("reads %s-bit samples of another program, stereo mixed to the mean", (depth, step) => {
    const left = [0, 0.5, -0.25, 0.875];
    const right = [0.5, -0.5, 0.125, 0.0625];
    const float = depth === "32f" || depth === "64";
    const scale = depth === "8" ? 128 : 2 ** (Number.parseInt(depth, 10) - 1);
    const store = (x: number): number => (float ? x : Math.round(x * scale) + (depth === "8" ? 128 : 0));
    const file = new WaveFile();
    file.fromScratch(2, 44_100, depth, [left.map(store), right.map(store)]);
    const sound = decodeWav(file.toBuffer(), "two.wav");
    expect(sound.sampleRate).toBe(44_100);
    expect(sound.samples.length).toBe(4);
    left.forEach((l, i) => expect(Math.abs(sound.samples[i] - (l + right[i]) / 2)).toBeLessThanOrEqual(step + 1e-9));
  });

  it("reads WAVE_FORMAT_EXTENSIBLE with 20 valid bits in 24", () => {
    const body = Buffer.concat([formatChunk(0xfffe, 1, 8000, 24), Buffer.alloc(24)]);
    body.writeUInt16LE(22, 16);
    body.writeUInt16LE(20, 18);
    body.writeUInt16LE(1, 24);
    const sound = decodeWav(
      riff([
        ["fmt ", body],
        ["data", new Uint8Array([0, 0, 0x40, 0xf0, 0xff, 0xff])],
      ]),
      "x",
    );
    expect([...sound.samples]).toEqual([0.5, -16 / 8388608]);
  });

  it("skips unknown and odd chunks, padded or not", () => {
    for (const pad of [true, false]) {
      const bytes = riff(
        [
          ["junk", new Uint8Array(3)],
          ["fmt ", pcm16],
          ["LIST", new Uint8Array(5).fill(65)],
          ["data", four],
          ["odd ", new Uint8Array(1)],
        ],
        pad,
      );
      expect([...decodeWav(bytes, "x").samples]).toEqual(fourSamples);
    }
  });

  it.each([0, 0xffffffff, 9999])("takes what is there where the data size says %i", (claimed) => {
    expect([
      ...decodeWav(
        riff([
          ["fmt ", pcm16],
          ["data", four, claimed],
        ]),
        "x",
      ).samples,
    ]).toEqual(fourSamples);
  });

  it("believes an empty data chunk that is followed by another chunk", () => {
    expect(
      decodeWav(
        riff([
          ["fmt ", pcm16],
          ["data", new Uint8Array(0)],
          ["LIST", new Uint8Array(8)],
        ]),
        "x",
      ).samples.length,
    ).toBe(0);
  });

  it("reads RF64 with its long size", () => {
    const long = Buffer.alloc(28);
    long.writeBigUInt64LE(4n, 8);
    const bytes = riff(
      [
        ["ds64", long],
        ["fmt ", pcm16],
        ["data", four, 0xffffffff],
      ],
      true,
      "RF64",
    );
    expect([...decodeWav(bytes, "x").samples]).toEqual(fourSamples.slice(0, 2));
  });

  it.each([
    ["a rate of 0 Hz", formatChunk(1, 1, 0, 16)],
    ["a rate of 1 MHz", formatChunk(1, 1, 1_000_000, 16)],
    ["no channels", formatChunk(1, 0, 16_000, 16, 2)],
    ["65 channels", formatChunk(1, 65, 16_000, 16)],
    ["mu-law", formatChunk(7, 1, 8000, 8)],
    ["5 bytes a sample", formatChunk(1, 1, 16_000, 40)],
    ["float of 16 bits", formatChunk(3, 1, 16_000, 16)],
    ["a short format chunk", pcm16.subarray(0, 10)],
  ])("refuses %s and names the place", (_what, format) => {
    expect(() =>
      decodeWav(
        riff([
          ["fmt ", format],
          ["data", four],
        ]),
        "bad.wav",
      ),
    ).toThrow(FormatError);
    expect(() =>
      decodeWav(
        riff([
          ["fmt ", format],
          ["data", four],
        ]),
        "bad.wav",
      ),
    ).toThrow(/bad\.wav: chunk 'fmt '/);
  });

  it("refuses missing chunks, non-finite floats and sounds beyond the limit", () => {
    expect(() => decodeWav(riff([["data", four]]), "x")).toThrow(/'fmt '.*missing/);
    expect(() => decodeWav(riff([["fmt ", pcm16]]), "x")).toThrow(/'data'.*missing/);
    const nan = new Uint8Array(new Float32Array([0, Number.NaN]).buffer);
    expect(() =>
      decodeWav(
        riff([
          ["fmt ", formatChunk(3, 1, 16_000, 32)],
          ["data", nan],
        ]),
        "x",
      ),
    ).toThrow(/sample 1/);
    expect(() =>
      decodeWav(
        riff([
          ["fmt ", formatChunk(1, 1, 1, 16)],
          ["data", four],
        ]),
        "x",
        { maxSeconds: 3 },
      ),
    ).toThrow(UserError);
  });

  it("gives a sound or a typed error for any bytes", () => {
    const valid = riff([
      ["LIST", new Uint8Array(7)],
      ["fmt ", pcm16],
      ["data", four],
    ]);
    const change = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(change, fc.nat(valid.length), (changes, cut) => {
        const bytes = Uint8Array.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          expect(decodeWav(bytes.subarray(0, cut), "x").samples.length).toBeLessThanOrEqual(valid.length);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("encodeWav", () => {
  it("gives back every int16 sample and sample rate", () => {
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 50 }), fc.integer({ min: 1000, max: 768_000 }), (values, rate) => {
        const bytes = riff([
          ["fmt ", formatChunk(1, 1, rate, 16)],
          ["data", new Uint8Array(values.buffer, values.byteOffset, values.byteLength)],
        ]);
        expect(Buffer.from(encodeWav(decodeWav(bytes, "x")))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([8, 16, 24, 32] as const)("writes %i bits to the nearest step and limits what is too loud", (bits) => {
    const sound = { samples: new Float32Array([0, 0.3, -0.7, 2, -2, 1]), sampleRate: 16_000 };
    const bytes = encodeWav(sound, { bits });
    const back = decodeWav(bytes, "x").samples;
    [0, 0.3, -0.7, 1, -1, 1].forEach((x, i) => expect(Math.abs(back[i] - x)).toBeLessThanOrEqual(2 ** (1 - bits) + 1e-7));
    const other = new WaveFile(bytes);
    expect((other.getSamples(false, Float64Array) as unknown as Float64Array).length).toBe(6);
  });

  it("writes float samples as they are", () => {
    const samples = new Float32Array([0.1, 3, -1e-9]);
    expect([...decodeWav(encodeWav({ samples, sampleRate: 8000 }, { float: true }), "x").samples]).toEqual([...samples]);
  });
});
