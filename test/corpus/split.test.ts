import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hashedName, hashPercentage, hashSplit, speakerOf } from "../../src/corpus/split.js";
import { dataFolder } from "./folders.js";

describe("hash split", () => {
  // From Python: (int(hashlib.sha1(name).hexdigest(), 16) % 2**27) * (100.0 / (2**27 - 1)).
  it.each([
    ["0165e0e8_nohash_0.wav", 83.71203753137615],
    ["abc_nohash_1.wav", 60.19756615309094],
    ["ä_nohash_0.wav", 73.77035598285761],
    ["plain.wav", 31.656094131291614],
    ["a6f2fd71_nohash_3.wav", 14.80432163778187],
    ["no_nohash_x_nohash_1.wav", 90.84377803537083],
  ])("places %s as TensorFlow does", (file, percentage) => {
    expect(hashPercentage(hashedName(file))).toBe(percentage);
  });

  it("gives other shares their part", () => {
    expect(hashSplit("a6f2fd71_nohash_3.wav")).toBe("testing");
    expect(hashSplit("a6f2fd71_nohash_3.wav", { validationPercentage: 15 })).toBe("validation");
    expect(hashSplit("a6f2fd71_nohash_3.wav", { testingPercentage: 4 })).toBe("training");
    expect(hashSplit("a6f2fd71_nohash_3.wav", { validationPercentage: 0, testingPercentage: 14.8 })).toBe("training");
  });

  it("takes the speaker from the name", () => {
    expect([speakerOf("a6f2fd71_nohash_3.wav"), speakerOf("plain.wav")]).toEqual(["a6f2fd71", ""]);
  });

  const index = join(dataFolder, "features", "features.csv");
  it.skipIf(!existsSync(index))("agrees with the official split of 46,427 clips (skipped without EARSHOT_DATA)", () => {
    const rows = readFileSync(index, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(","));
    const words = rows.filter(([, word]) => word !== "_background_noise_");
    expect(words.length).toBe(46427);
    expect(words.filter(([, , name, split]) => hashSplit(`${name}.wav`) !== split)).toEqual([]);
  });
});
