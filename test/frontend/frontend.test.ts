import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/base/errors.js";
import { RandomStream } from "../../src/base/random.js";
import {
  archivedDescription,
  archiveStack,
  buildFrontend,
  describeFrontend,
  type FrontendInput,
  featureShape,
  parseFrontend,
} from "../../src/frontend/frontend.js";
import { frontendPreset, frontendPresets } from "../../src/frontend/presets.js";
import { largestDifference } from "./golden.js";
import { runGraph, targets } from "./run.js";

const sound = { samples: 16000, rate: 16000 };

/** A second of a swept tone and some noise. */
function testSound(seed: number): Float32Array {
  const random = new RandomStream(3, seed);
  return Float32Array.from({ length: 16000 }, (_, i) => 0.3 * Math.sin(i * (0.01 + i * 2e-5)) + 0.01 * random.normal());
}

describe("descriptions", () => {
  it("survive JSON and have every default filled in", () => {
    for (const description of Object.values(frontendPresets))
      expect(parseFrontend(JSON.stringify(description), "f.json")).toEqual(description);
    expect(frontendPreset("kws_streaming")).toMatchObject({
      windowMs: 40,
      strideMs: 20,
      melBands: 40,
      lowerHertz: 20,
      upperHertz: 7000,
      dctCoefficients: 20,
      magnitudeSquared: false,
      preemphasis: 0,
      window: "hann",
      logFloor: 1e-12,
    });
  });

  it.each([
    ['{"kind": "mfcc_tf", "dct": 3}', /f\.json: option dct: mfcc_tf has no such option; .*dctCoefficients/],
    ['{"kind": "mfcc_tf", "melBand": 3}', /did you mean melBands\?/],
    ['{"kind": "mfcc_tf", "melBands": 0}', /option melBands: found 0; must be at least 1/],
    ['{"kind": "mfcc_tf", "melBands": 1e9}', /option melBands: .*at most 1024/],
    ['{"kind": "mfcc_tf", "melBands": 3.5}', /option melBands: .*whole number/],
    ['{"kind": "mfcc_tf", "window": "hamming"}', /option window: found "hamming"; must be one of hann, /],
    ['{"kind": "mfcc_op", "logFloor": 1}', /option logFloor: mfcc_op has no such option/],
    ['{"kind": "mel"}', /option kind: found "mel"; must be one of mfcc_tf, mfcc_op, log_mel/],
    ["{}", /option kind: found none/],
    ["[1]", /option kind/],
    ["nonsense", /f\.json: line 1, column 1: "nonsense" where a value is expected; write a JSON object/],
    [" ".repeat(70000), /f\.json: size: 70000 characters/],
  ])("%s is refused", (json, message) => {
    expect(() => parseFrontend(json, "f.json")).toThrow(FormatError);
    expect(() => parseFrontend(json, "f.json")).toThrow(message);
  });

  it("any JSON gives a description or a FormatError", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("mfcc_tf", "mfcc_op", "log_mel"), (json, kind) => {
        for (const text of [json, `{"kind":"${kind}","melBands":${json}}`, json.replace("{", `{"kind":"${kind}",`)]) {
          try {
            parseFrontend(text, "f.json");
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }
      }),
    );
  });

  it("a wrong name of a preset names those that there are", () => {
    expect(() => frontendPreset("log_mel_4")).toThrow(/did you mean log_mel_4k\?.*arm, kws_streaming, log_mel_4k/);
    expect(() => frontendPreset("constructor")).toThrow(UsageError);
  });
});

describe("options that do not fit the sound", () => {
  it.each<[FrontendInput, RegExp]>([
    [{ kind: "mfcc_tf", upperHertz: 9000 }, /option upperHertz: 9000 Hz lie above half the rate/],
    [{ kind: "mfcc_tf", lowerHertz: 7000 }, /option lowerHertz/],
    [{ kind: "mfcc_op", dctCoefficients: 41 }, /option dctCoefficients: 40 mel bands give at most 40/],
    [{ kind: "mfcc_tf", windowMs: 2000 }, /option windowMs: a window of 32000 samples is longer than the sound/],
    [{ kind: "mfcc_tf", windowMs: 0.01 }, /option windowMs: .*no sample/],
    [{ kind: "mfcc_tf", strideMs: 0.01 }, /option strideMs: .*no sample/],
    [{ kind: "log_mel", fftSize: 500 }, /option fftSize: 500 is no power of two/],
    [{ kind: "log_mel", fftSize: 256 }, /option fftSize: 256 points do not hold a window of 640/],
    [{ kind: "log_mel", logFloor: 0 }, /option logFloor/],
    [{ kind: "log_mel", clipLow: 3, clipHigh: 2 }, /option clipLow/],
  ])("%j", (input, message) => {
    const description = describeFrontend(input);
    expect(() => buildFrontend(description, sound)).toThrow(UsageError);
    expect(() => buildFrontend(description, sound)).toThrow(message);
  });
});

describe("shapes", () => {
  it.each<[FrontendInput, number, number]>([
    [frontendPreset("arm"), 49, 10],
    [frontendPreset("kws_streaming"), 49, 20],
    [frontendPreset("log_mel_4k"), 98, 40],
    [{ kind: "mfcc_tf", causalFramePadding: true }, 51, 20],
    [{ kind: "mfcc_tf", causalFramePadding: true, dataStride: 2 }, 50, 20],
    [{ ...(frontendPreset("log_mel_4k") as FrontendInput & { kind: "log_mel" }), frameStep: 2, dctCoefficients: 10 }, 49, 10],
  ])("%j", (input, frames, features) => {
    expect(featureShape(describeFrontend(input), sound)).toEqual({ frames, features });
  });

  it("the input is audio, the output is features", () => {
    const graph = buildFrontend(frontendPreset("arm"), sound);
    expect(graph.inputs.map(({ name, value }) => [name, value.type.shape])).toEqual([["audio", [1, 16000]]]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(["features"]);
  });
});

describe("the stack behind an archive", () => {
  it.each(targets)("gives what the whole front end gives, on %s", async (target) => {
    const preset = frontendPreset("log_mel_4k") as FrontendInput & { kind: "log_mel" };
    const description = describeFrontend({ ...preset, frameStep: 2, scale: 1 / 32, offset: -3, dctCoefficients: 10 });
    const x = testSound(1);
    const whole = await runGraph(buildFrontend(description, sound), x, target);
    const archived = await runGraph(buildFrontend(archivedDescription(description), sound), x, target);
    expect(archived.length).toBe(98 * 40);
    expect(archived.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    const stacked = await runGraph(archiveStack(description), archived, target);
    expect(stacked.length).toBe(49 * 10);
    expect(largestDifference(stacked, whole)).toBeLessThan(1e-5);
  });

  it("copies the features of the other kinds", async () => {
    const description = frontendPreset("arm");
    const features = testSound(2).subarray(0, 490);
    expect(archivedDescription(description)).toBe(description);
    expect(await runGraph(archiveStack(description), features, "oracle")).toEqual(features.slice());
  });
});

describe("options without an effect on the values", () => {
  it.each<[FrontendInput, FrontendInput]>([
    [
      { kind: "mfcc_tf", upperHertz: 4000 },
      { kind: "mfcc_tf", upperHertz: 4000, melNonZeroOnly: false },
    ],
    [{ kind: "mfcc_tf" }, { kind: "mfcc_tf", useTfFft: true, window: "hann_tf" }],
    [
      { kind: "mfcc_tf", window: "hann_offest" },
      { kind: "mfcc_tf", window: "hann_offset" },
    ],
  ])("%j and %j", async (a, b) => {
    const x = testSound(4);
    const [one, other] = await Promise.all(
      [a, b].map((input) => runGraph(buildFrontend(describeFrontend(input), sound), x, "wasm")),
    );
    expect(largestDifference(one as Float32Array, other as Float32Array)).toBeLessThan(1e-4);
  });
});
