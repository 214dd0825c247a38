import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { joinCrc32 } from "../../src/formats/crc32_join.js";
import { NpzFile } from "../../src/formats/npz.js";
import { NpzWriter } from "../../src/formats/npz_writer.js";

const folder = mkdtempSync(join(tmpdir(), "earshot-npz-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "set.npz");

function write(rows: number): void {
  const writer = new NpzWriter(path);
  writer.beginRows("features", "f64", 3);
  for (let i = 0; i < rows; i++) writer.row(Float32Array.of(i, i + 0.5, -i));
  writer.texts("labels", ["yes", "größer", "\u{1f600}"]);
  writer.array("parameters", "i64", [2], BigInt64Array.of(16000n, -1n));
  writer.close();
}

describe(".npz files", () => {
  test("rows, texts and numbers come back, and the checksums are right", () => {
    write(1000);
    const file = new NpzFile(path);
    expect(file.names).toEqual(["features.npy", "labels.npy", "parameters.npy"]);
    const { shape, type } = file.header("features");
    expect([shape, type]).toEqual([[1000, 3], "f64"]);
    expect(Array.from(file.array("features", 1e6).data.subarray(2994) as Float64Array)).toEqual([
      998, 998.5, -998, 999, 999.5, -999,
    ]);
    expect(file.texts("labels", 1e6)).toEqual(["yes", "größer", "\u{1f600}"]);
    expect(file.array("parameters", 100).data).toEqual(BigInt64Array.of(16000n, -1n));
    expect(() => file.array("features", 100)).toThrow("features.npy: 24000 bytes, at most 100 are read");
    expect(() => file.header("other")).toThrow("no array 'other'");
    file.close();
    const bytes = readFileSync(path);
    const { dataOffset } = new NpzFile(path).header("features");
    const start = dataOffset - 128;
    expect(bytes.readUInt32LE(14)).toBe(crc32(bytes.subarray(start, start + 128 + 24000)));
    expect(readdirSync(folder)).toEqual(["set.npz"]);
  });

  test("the checksum of two pieces follows from theirs", () => {
    const bytes = Buffer.from(Array.from({ length: 70_001 }, (_, i) => (i * i) % 251));
    for (const at of [0, 1, 13, 65_536, 70_001])
      expect(joinCrc32(crc32(bytes.subarray(0, at)), crc32(bytes.subarray(at)), 70_001 - at)).toBe(crc32(bytes));
  });

  test("what is cut off, compressed or no archive is refused", () => {
    write(5);
    const bytes = readFileSync(path);
    const broken = join(folder, "broken.npz");
    const refused = (content: Uint8Array): string => {
      writeFileSync(broken, content);
      try {
        new NpzFile(broken).close();
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(refused(bytes.subarray(0, bytes.length - 30))).toContain("no directory of a ZIP archive");
    expect(refused(new Uint8Array(0))).toContain("no directory");
    expect(refused(bytes.subarray(100))).toContain("its end: a directory of 3 files");
    const packed = Buffer.from(bytes);
    packed[packed.indexOf("PK\x01\x02", 0, "latin1") + 10] = 8;
    expect(refused(packed)).toContain("features.npy: a compressed array");
    for (let i = bytes.indexOf("PK\x01\x02", 0, "latin1"); i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] as number) ^ 0xff;
      // No fault but a FormatError, and nothing endless.
      expect(refused(changed)).toSatisfy((text: string) => text === "" || text.startsWith(broken));
    }
  });
});
