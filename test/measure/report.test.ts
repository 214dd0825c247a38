import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { evaluateScores } from "../../src/measure/metrics.js";
import { encodePng } from "../../src/measure/png.js";
import { type ReportInput, renderReport } from "../../src/measure/report.js";
import { spectrogram } from "../../src/measure/spectrogram.js";
import { decodeWav } from "../../src/signal/wav.js";
import { HOSTILE, unbalanced } from "./page_checks.js";

const RATE = 16_000;
function tone(frequency: number, seconds: number): Float32Array {
  return Float32Array.from({ length: seconds * RATE }, (_, i) => 0.5 * Math.sin((2 * Math.PI * frequency * i) / RATE));
}

function input(label = "no", clips = 2): ReportInput {
  const evaluation = evaluateScores([0, 1, 1, 1], [0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.1, 0.9], ["yes", label]);
  const clip = { name: `${label}/a.wav`, truth: label, predicted: "yes", score: 0.7, truthScore: 0.3 };
  return {
    title: `report of ${label}`,
    summary: {
      model: label,
      parameters: 23_180,
      multiplyAccumulates: 2_656_768,
      date: "2026-11-21T09:30:00Z",
      versions: { earshot: "0.1.0" },
    },
    evaluation,
    training: Array.from({ length: 2000 }, (_, i) => ({
      step: i,
      loss: 2 / (i + 1),
      ...(i % 100 === 0 ? { validationAccuracy: i / 2000 } : {}),
    })),
    worstClips: Array.from({ length: clips }, () => ({ ...clip, samples: tone(1000, 1), sampleRate: RATE })),
    recipe: { network: label },
    notes: [`limited by ${label}`],
  };
}

const dataUrls = (page: string, type: string): Buffer[] =>
  [...page.matchAll(new RegExp(`data:${type};base64,([A-Za-z0-9+/=]+)`, "g"))].map((match) =>
    Buffer.from(match[1] as string, "base64"),
  );

describe("renderReport", () => {
  it("is one page whose elements are closed, with every section", () => {
    const page = renderReport(input());
    expect(page.startsWith("<!doctype html>")).toBe(true);
    expect(unbalanced(page)).toEqual([]);
    for (const heading of ["Training", "What was heard as what", "Label by label", "Most confident mistakes"]) {
      expect(page).toContain(`<h2>${heading}</h2>`);
    }
    expect(page).toContain("75.00 %");
    expect(page).toContain("23,180");
    expect(page).toContain("2,656,768");
  });

  it("refers to nothing outside of itself and runs nothing", () => {
    const page = renderReport(input());
    expect(page).not.toMatch(/https?:/);
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(/i);
    for (const [, reference] of page.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(reference).toMatch(/^data:(image\/png|audio\/wav);base64,/);
  });

  it("escapes labels, names and notes", () => {
    const page = renderReport(input(HOSTILE));
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toContain("<img src=x");
    expect(page).not.toMatch(/="[^"]*"><script/);
    expect(page).toContain("&lt;script src=http:");
    expect(page).toContain("&amp;amp;");
    expect(unbalanced(page)).toEqual([]);
  });

  it("holds the clips as 16-bit WAV, cut after two seconds, and their pictures as PNG", () => {
    const long = input();
    long.worstClips = [{ ...long.worstClips![0]!, samples: tone(1000, 5) }];
    const page = renderReport(long);
    const [sound] = dataUrls(page, "audio/wav");
    const decoded = decodeWav(sound as Buffer, "clip");
    expect([decoded.sampleRate, decoded.samples.length]).toEqual([RATE, 2 * RATE]);
    expect(Math.abs(decoded.samples[4]! - tone(1000, 1)[4]!)).toBeLessThan(1 / 32768);
    expect((dataUrls(page, "image/png")[0] as Buffer).subarray(1, 4).toString()).toBe("PNG");
  });

  it("stays below 1.2 MB however many clips and steps it is given", () => {
    const page = renderReport(input("no", 40));
    expect(dataUrls(page, "audio/wav")).toHaveLength(12);
    expect(page.length).toBeLessThan(1_200_000);
  });

  it("leaves out what is missing", () => {
    const page = renderReport({ title: "t", summary: { model: "m", date: "someday", versions: {} } });
    expect(unbalanced(page)).toEqual([]);
    expect(page).not.toContain("<h2>");
    expect(page).toContain("someday");
  });

  it("draws a run of one record, and one whose loss never changes", () => {
    for (const training of [
      [{ step: 0, loss: 0 }],
      [{ step: 1, accuracy: 1 }],
      [1, 2, 3].map((step) => ({ step, loss: 0.5, accuracy: 0.5 })),
    ]) {
      const page = renderReport({ ...input(), training });
      expect(page).toContain("<svg");
      expect(page).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});

/** Row of the brightest point in the middle of a tone's picture. */
const rowOf = (frequency: number): number => {
  const { pixels, width, height } = spectrogram(tone(frequency, 1), RATE);
  const column = Array.from({ length: height }, (_, y) => pixels[y * width + Math.floor(width / 2)] as number);
  return column.indexOf(Math.max(...column));
};

describe("spectrogram", () => {
  it("is brightest at the tone's frequency", () => {
    // Rows are evenly spaced in mel = 1127 ln(1 + f / 700) from 0 to 8000 Hz (2840 mel), 96 of them, the highest on top.
    for (const frequency of [500, 1000, 2000, 4000]) {
      const expected = 95 - Math.floor((1127 * Math.log(1 + frequency / 700) * 96) / 2840);
      expect(Math.abs(rowOf(frequency) - expected)).toBeLessThanOrEqual(2);
    }
  });

  it("is dark for silence and bounded for any length", () => {
    expect(spectrogram(new Float32Array(RATE), RATE).pixels.every((value) => value === 0)).toBe(true);
    expect(spectrogram(new Float32Array(0), RATE).width).toBe(1);
    expect(spectrogram(tone(440, 60), RATE).width).toBeLessThanOrEqual(400);
  });
});

describe("encodePng", () => {
  it("writes rows that inflate to the pixels", () => {
    const png = encodePng(Uint8Array.of(1, 0, 2, 1, 1, 0), 3, 2, Uint8Array.of(0, 0, 0, 255, 0, 0, 0, 255, 0));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([3, 2]);
    const start = png.indexOf("IDAT");
    const data = png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4));
    expect([...inflateSync(data)]).toEqual([0, 1, 0, 2, 0, 1, 1, 0]);
    // The checksum of an empty IEND chunk is the same in every PNG file.
    expect(png.subarray(-4).toString("hex")).toBe("ae426082");
  });
});
