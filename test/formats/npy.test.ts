import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.js";
import { decodeNpy, encodeNpy, encodeNpyHeader, halfToNumber, parseNpyHeader } from "../../src/formats/npy.js";

/** What numpy.save writes: header text as numpy prints it, so that our reader is not only tested on our writer. */
function numpyFile(header: string, data: Uint8Array, version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const text = `${header}${" ".repeat(64 - ((start + header.length + 1) % 64))}\n`;
  const bytes = new Uint8Array(start + text.length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(new TextEncoder().encode(text), start);
  bytes.set(data, start + text.length);
  return bytes;
}

describe("npy", () => {
  it.each([1, 2, 3])("reads version %i as numpy writes it", (version) => {
    const values = new Float32Array([1.5, -2, 3, 4, 5, 6]);
    const file = numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", new Uint8Array(values.buffer), version);
    const { shape, type, data } = decodeNpy(file, "a.npy");
    expect([shape, type, [...(data as Float32Array)]]).toEqual([[2, 3], "f32", [...values]]);
  });

  it("reads scalars, vectors and half precision", () => {
    expect(
      decodeNpy(numpyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", new Uint8Array([7])), "a").data,
    ).toEqual(new Uint8Array([7]));
    expect(
      decodeNpy(numpyFile("{'descr': '|i1', 'fortran_order': True, 'shape': (2,), }", new Uint8Array([7, 255])), "a").data,
    ).toEqual(new Int8Array([7, -1]));
    expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00].map(halfToNumber)).toEqual([1, -2, 2 ** -24, 65504, Infinity]);
  });

  it("gives back what it wrote", () => {
    const numbers = fc.array(fc.integer({ min: -128, max: 127 }), { maxLength: 40 });
    fc.assert(
      fc.property(numbers, (values) => {
        const data = new Int8Array(values);
        expect(decodeNpy(encodeNpy("i8", [1, values.length], data), "a")).toEqual({
          shape: [1, values.length],
          type: "i8",
          data,
        });
      }),
    );
  });

  it("rewrites a header in place for a larger shape", () => {
    const header = encodeNpyHeader("u8", [47027, 98, 40], 128);
    expect(header.length).toBe(128);
    expect(parseNpyHeader(header, "a", 128 + 47027 * 98 * 40).shape).toEqual([47027, 98, 40]);
  });

  const data = new Uint8Array(8);
  it.each([
    ["big endian", numpyFile("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", data), /big-endian/],
    ["Fortran order", numpyFile("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 4), }", data), /Fortran order/],
    ["objects", numpyFile("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", data), /element type '\|O'/],
    ["records", numpyFile("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", data), /structured/],
    [
      "too large a shape",
      numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", data),
      /needs 12 bytes, 8 follow/,
    ],
    [
      "an absurd shape",
      numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", data),
      /no file is that large/,
    ],
    ["a negative shape", numpyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }", data), /value of another kind/],
    ["no signature", new Uint8Array(200), /no \.npy signature/],
    ["version 9", Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 9, 0, 0, 0]), /version 9/],
    [
      "a long header",
      Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255]),
      /header of 4294967295 bytes/,
    ],
  ])("refuses %s", (_name, bytes, message) => {
    expect(() => decodeNpy(bytes, "a.npy")).toThrow(FormatError);
    expect(() => decodeNpy(bytes, "a.npy")).toThrow(message);
  });

  it("answers any bytes with an array or a FormatError", () => {
    const good = encodeNpy("f32", [2, 2], new Float32Array(4));
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(flips, fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          decodeNpy(bytes, "a.npy");
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
