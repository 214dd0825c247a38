import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { duplicateKey } from "../../src/formats/json_keys.js";
import { parseSafetensors, type SafetensorsTensor, writeSafetensors } from "../../src/formats/safetensors.js";

/** A file of this header text and so many bytes of data. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (dtype: string, shape: number[], from: number, to: number) => ({ dtype, shape, data_offsets: [from, to] });

describe("safetensors", () => {
  it("reads a file as the format describes it", () => {
    const bytes = fileOf(
      JSON.stringify({ __metadata__: { a: "b" }, w: entry("F32", [1, 2], 0, 8), b: entry("U8", [3], 8, 11) }),
      11,
    );
    const data = new DataView(bytes.buffer, bytes.length - 11);
    data.setFloat32(0, 1.5, true);
    data.setFloat32(4, -2, true);
    bytes.set([7, 8, 9], bytes.length - 3);
    // As it comes from readFile: a Buffer at an odd place of a larger one.
    const pool = Buffer.concat([Buffer.from([0]), bytes]);
    const { tensors, metadata } = parseSafetensors(pool.subarray(1), "x");
    expect(metadata).toEqual(new Map([["a", "b"]]));
    expect(tensors.get("w")).toEqual({ type: "F32", shape: [1, 2], data: Float32Array.of(1.5, -2) });
    expect(tensors.get("b")).toEqual({ type: "U8", shape: [3], data: Uint8Array.of(7, 8, 9) });
    pool.fill(0);
    expect(tensors.get("w")?.data[0]).toBe(1.5);
  });

  const tensor: fc.Arbitrary<SafetensorsTensor> = fc.oneof(
    fc.float32Array().map((data) => ({ type: "F32" as const, shape: [data.length], data })),
    fc.float64Array().map((data) => ({ type: "F64" as const, shape: [1, data.length], data })),
    fc.int8Array().map((data) => ({ type: "I8" as const, shape: [data.length, 1], data })),
    fc.int16Array().map((data) => ({ type: "I16" as const, shape: [data.length], data })),
    fc.bigInt64Array().map((data) => ({ type: "I64" as const, shape: [data.length], data })),
    fc.uint8Array({ minLength: 1, maxLength: 1 }).map((data) => ({ type: "BOOL" as const, shape: [], data })),
  );
  const name = fc.string({ unit: "grapheme" }).filter((n) => n !== "__metadata__");

  it("what is written is read back, aligned, whatever the order of the maps", () => {
    fc.assert(
      fc.property(fc.dictionary(name, tensor), fc.dictionary(fc.string(), fc.string()), (tensors, metadata) => {
        const content = { tensors: new Map(Object.entries(tensors)), metadata: new Map(Object.entries(metadata)) };
        const bytes = writeSafetensors(content);
        const again = parseSafetensors(bytes, "x");
        expect(new Map([...again.tensors].toSorted())).toEqual(new Map([...content.tensors].toSorted()));
        expect(new Map([...again.metadata].toSorted())).toEqual(new Map([...content.metadata].toSorted()));
        const swapped = {
          tensors: new Map([...content.tensors].toReversed()),
          metadata: new Map([...content.metadata].toReversed()),
        };
        expect(writeSafetensors(swapped)).toEqual(bytes);
        expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
      }),
    );
  });

  const wrong: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ["an empty file", new Uint8Array(0), /only 0 bytes/],
    ["a header longer than the file", fileOf("{}", 0).fill(255, 0, 8), /a header of 18446744073709551615 bytes/],
    ["no JSON", fileOf("{", 0), /is not JSON in UTF-8/],
    ["a list", fileOf("[]", 0), /does not begin with \{/],
    ["bytes that are not UTF-8", fileOf('{"a": 1}', 0).fill(255, 11, 12), /is not JSON in UTF-8/],
    [
      "a key twice",
      fileOf(
        '{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}, "\\u0077" :{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        1,
      ),
      /key "w" stands twice/,
    ],
    ["a shape twice", fileOf('{"w":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}', 1), /key "shape" stands twice/],
    ["metadata that is no text", fileOf('{"__metadata__":{"a":1}}', 0), /not a table of texts/],
    ["an unknown type", fileOf(JSON.stringify({ w: entry("F4", [2], 0, 1) }), 1), /element type "F4"/],
    [
      "a type named like a method",
      fileOf(JSON.stringify({ w: entry("constructor", [2], 0, 1) }), 1),
      /element type "constructor"/,
    ],
    ["a negative dimension", fileOf(JSON.stringify({ w: entry("U8", [-1], 0, 1) }), 1), /no shape of whole numbers/],
    ["a shape beyond its bytes", fileOf(JSON.stringify({ w: entry("F32", [2 ** 50, 2 ** 50], 0, 8) }), 8), /its offsets say 8/],
    ["offsets beyond the file", fileOf(JSON.stringify({ w: entry("U8", [9], 0, 9) }), 8), /lies at bytes 0 to 9 of 8/],
    ["offsets backwards", fileOf(JSON.stringify({ w: entry("U8", [1], 2, 1) }), 8), /lies at bytes 2 to 1/],
    [
      "an overlap",
      fileOf(JSON.stringify({ a: entry("U8", [2], 0, 2), b: entry("U8", [2], 1, 3) }), 3),
      /tensor "b": overlaps "a"/,
    ],
    [
      "a gap",
      fileOf(JSON.stringify({ a: entry("U8", [1], 0, 1), b: entry("U8", [1], 2, 3) }), 3),
      /tensor "b": leaves a gap of 1 bytes after "a"/,
    ],
    ["bytes behind the last tensor", fileOf(JSON.stringify({ a: entry("U8", [1], 0, 1) }), 3), /2 bytes belong to no tensor/],
    ["a tensor that is no table", fileOf('{"a":3}', 0), /tensor "a": is not a table/],
  ];
  for (const [what, bytes, message] of wrong)
    it(`refuses ${what}`, () => {
      expect(() => parseSafetensors(bytes, "file.safetensors")).toThrow(FormatError);
      expect(() => parseSafetensors(bytes, "file.safetensors")).toThrow(message);
      expect(() => parseSafetensors(bytes, "file.safetensors")).toThrow(/^file\.safetensors: /);
    });

  it("any bytes give tensors or a FormatError", () => {
    const right = writeSafetensors({
      tensors: new Map([
        ["w", { type: "F32", shape: [2, 2], data: new Float32Array(4) }],
        ["b", { type: "I8", shape: [3], data: new Int8Array(3) }],
      ]),
      metadata: new Map([["k", "v"]]),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(right.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(right.length),
        (changes, end) => {
          const bytes = right.slice(0, end % 3 === 0 ? end : right.length);
          for (const [at, value] of changes) bytes[at % Math.max(bytes.length, 1)] = value;
          try {
            parseSafetensors(bytes, "x");
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("finds keys that stand twice in one object and no others", () => {
    expect(duplicateKey('{"a":{"b":1},"c":{"b":"a"},"d":["a","a",{"a":1}]}')).toBeUndefined();
    expect(duplicateKey('{"a":1,"b":{"x":"}{\\"","y":[{}],"x":2}}')).toBe("x");
    expect(duplicateKey('[{"q" : 1 , "q"\n:2}]')).toBe("q");
  });
});
