import { describe, expect, it } from "vitest";
import { buildFrontend, describeFrontend, type FrontendDescription, type FrontendInput } from "../../src/frontend/frontend.js";
import { frontendPreset } from "../../src/frontend/presets.js";
import { tableValues } from "../../src/graph/ops/table.js";
import { type GoldenCase, goldenFile, largestDifference, valuesOf } from "./golden.js";
import { runGraph, targets } from "./run.js";

const rate = 16000;

/** The description with the options of a golden case. */
function descriptionOf({ attributes }: GoldenCase): FrontendDescription {
  const { frontend, sampleRate, windowSamples, strideSamples, leftPaddingSamples, ...rest } = attributes as Record<
    string,
    number
  >;
  const milliseconds = (n: number | undefined): number => (1000 * (n as number)) / (sampleRate as number);
  const options = { kind: frontend, windowMs: milliseconds(windowSamples), strideMs: milliseconds(strideSamples), ...rest };
  return describeFrontend({
    ...options,
    ...(leftPaddingSamples ? { causalFramePadding: true } : {}),
  } as unknown as FrontendInput);
}

// Largest difference seen: 8e-5 (tf_preemphasis_squared; mfcc_op 5e-5), where coefficients reach 200. Single precision.
const tolerance = 2e-4;

/** A C compiler takes a second for each graph, so native runs one of each kind. */
const onNative = new Set(["op_640_320_mel40_20_4000_dct10", "tf_preemphasis_squared", "archive_chirp", "mel_512_400_160_mel40"]);

function targetsOf(golden: GoldenCase): readonly (typeof targets)[number][] {
  return targets.filter((target) => target !== "native" || onNative.has(golden.name));
}

describe("mfcc_op and mfcc_tf against TensorFlow", () => {
  const { cases, input } = goldenFile("frontend_tensorflow.json");
  for (const golden of cases) {
    it.each(targetsOf(golden))(`${golden.name} on %s`, async (target) => {
      const x = input(golden, "x");
      const graph = buildFrontend(descriptionOf(golden), { samples: x.length, rate });
      const wanted = (golden.reference?.outputs ?? golden.outputs).mfcc;
      if (!wanted) throw new Error("no output mfcc");
      const difference = largestDifference(await runGraph(graph, x, target), valuesOf(wanted));
      console.log(`${golden.name} ${target}: largest difference ${difference.toExponential(2)}`);
      expect(difference).toBeLessThan(tolerance);
    });
  }
});

describe("log_mel against the feature archive's front end in numpy float64", () => {
  const { cases, input } = goldenFile("frontend_torchaudio.json");
  const preset = frontendPreset("log_mel_4k");
  for (const golden of cases.filter((c) => c.name.startsWith("archive_"))) {
    it.each(targetsOf(golden))(`${golden.name} on %s`, async (target) => {
      const x = input(golden, "x").map((sample) => sample / 32768);
      const sound = { samples: x.length, rate };
      const { value, pixels } = golden.outputs;
      if (!value || !pixels) throw new Error("outputs are missing");
      const unrounded = describeFrontend({ ...preset, round: false, clipLow: null, clipHigh: null } as FrontendInput);
      const difference = largestDifference(await runGraph(buildFrontend(unrounded, sound), x, target), valuesOf(value));
      console.log(`${golden.name} ${target}: largest difference ${difference.toExponential(2)} grey values`);
      expect(difference).toBeLessThan(5e-4);
      const exact = valuesOf(value);
      const wanted = valuesOf(pixels);
      const rounded = await runGraph(buildFrontend(preset, sound), x, target);
      // A value that close to the middle between two may be rounded to either.
      const decided = exact.map((v) => (Math.abs(v - Math.floor(v) - 0.5) > 5e-4 ? 1 : 0));
      expect(
        largestDifference(
          rounded.map((v, i) => v * (decided[i] as number)),
          wanted.map((v, i) => v * (decided[i] as number)),
        ),
      ).toBe(0);
      expect(largestDifference(rounded, wanted)).toBeLessThanOrEqual(1);
    });
  }

  it("mel triangles linear in hertz are librosa's", () => {
    const golden = cases.find((c) => c.name === "librosa_mel_htk");
    const weights = golden?.outputs.weights;
    if (!weights) throw new Error("no case librosa_mel_htk");
    const bank = { kind: "mel_htk", bins: 257, points: 512, rate, lower: 20, upper: 7000, bands: 20, slope: "hertz" };
    // HTK's scale is 2595 log10(1 + f/700) in librosa, 1127 ln(1 + f/700) here.
    expect(largestDifference(tableValues(bank), valuesOf(weights))).toBeLessThan(1e-6);
  });
});

/** torch.stft's `center`: half a transform before and behind, mirrored or zeros. */
function centred(x: Float64Array, half: number, mode: string): Float64Array {
  return Float64Array.from({ length: x.length + 2 * half }, (_, i) => {
    const at = i - half;
    if (at >= 0 && at < x.length) return x[at] as number;
    if (mode === "constant") return 0;
    return x[at < 0 ? -at : 2 * (x.length - 1) - at] as number;
  });
}

interface TorchParameters {
  readonly n_fft: number;
  readonly win_length: number | null;
  readonly hop_length: number;
  readonly n_mels: number;
  readonly f_min: number;
  readonly f_max: number | null;
  readonly power: number;
  readonly normalized: boolean;
  readonly center: boolean;
  readonly pad_mode: string;
  readonly norm: string | null;
}

/** The samples that torchaudio's windows see: it centres a short window in the frame. */
function torchSamples(p: TorchParameters, x: Float64Array): Float64Array {
  const padded = p.center ? centred(x, p.n_fft / 2, p.pad_mode) : x;
  const frames = 1 + Math.floor((padded.length - p.n_fft) / p.hop_length);
  const window = p.win_length ?? p.n_fft;
  const from = (p.n_fft - window) / 2;
  return padded.slice(from, from + (frames - 1) * p.hop_length + window);
}

/** log_mel with torchaudio's parameters. */
function torchOptions(p: TorchParameters): FrontendInput {
  const window = p.win_length ?? p.n_fft;
  return {
    kind: "log_mel",
    windowMs: (1000 * window) / rate,
    strideMs: (1000 * p.hop_length) / rate,
    fftSize: p.n_fft,
    melBands: p.n_mels,
    lowerHertz: p.f_min,
    upperHertz: p.f_max ?? rate / 2,
    spectrum: p.power === 1 ? "magnitude" : "power",
    // `normalized` divides by the root of the sum of the squared window: 3/8 of its length for Hann.
    powerScale: p.normalized ? 8 / (3 * window) : 1,
    melSlope: "hertz",
  };
}

describe("log_mel against torchaudio", () => {
  const { cases, input } = goldenFile("frontend_torchaudio.json");
  // Slaney's scale and transforms of other lengths than powers of two are not in log_mel.
  const mel = cases.filter(
    (c) => c.attributes.frontend === "torchaudio.MelSpectrogram" && c.attributes.norm === null && c.attributes.n_fft !== 400,
  );
  it("finds its cases", () => expect(mel.length).toBe(3));

  for (const golden of mel) {
    it.each(targetsOf(golden))(`${golden.name} on %s`, async (target) => {
      const p = golden.attributes as unknown as TorchParameters;
      const x = torchSamples(p, input(golden, "x"));
      const graph = buildFrontend(describeFrontend(torchOptions(p)), { samples: x.length, rate });
      const wanted = golden.reference?.outputs.mel;
      if (!wanted) throw new Error("no reference");
      const logarithms = valuesOf(wanted).map((value) => Math.log(Math.max(value, 1e-12)));
      const difference = largestDifference(await runGraph(graph, x, target), logarithms);
      console.log(`${golden.name} ${target}: largest difference of the logarithm ${difference.toExponential(2)}`);
      expect(difference).toBeLessThan(1e-3);
    });
  }

  it("MFCC of log(mel + 1e-6): torchaudio's first coefficient is smaller by the root of 2", async () => {
    const golden = cases.find((c) => c.name === "mfcc_log_10");
    const wanted = golden?.reference?.outputs.mfcc;
    if (!golden || !wanted) throw new Error("no case mfcc_log_10");
    const p = golden.attributes.melkwargs as TorchParameters;
    const x = torchSamples(p, input(golden, "x"));
    const options = { ...torchOptions(p), logFloor: 0, logOffset: 1e-6, dctCoefficients: 10 } as FrontendInput;
    const graph = buildFrontend(describeFrontend(options), { samples: x.length, rate });
    const got = (await runGraph(graph, x, "wasm")).map((value, i) => (i % 10 === 0 ? value * Math.SQRT1_2 : value));
    const difference = largestDifference(got, valuesOf(wanted));
    console.log(`mfcc_log_10 wasm: largest difference ${difference.toExponential(2)}`);
    expect(difference).toBeLessThan(2e-4);
  });
});
