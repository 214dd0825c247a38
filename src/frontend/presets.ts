import { UsageError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { describeFrontend, type FrontendDescription } from "./frontend.js";

const arm = {
  kind: "mfcc_op",
  windowMs: 40,
  melBands: 40,
  lowerHertz: 20,
  upperHertz: 4000,
  dctCoefficients: 10,
} as const;

/** Front ends by name. */
export const frontendPresets: Readonly<Record<string, FrontendDescription>> = {
  /** ML-KWS-for-MCU (Zhang et al. 2017): 10 coefficients of 40 bands to 4 kHz, 49 frames of 40 ms. */
  arm: describeFrontend({ ...arm, strideMs: 20 }),
  /** kws_streaming's flags as they stand in its source: mfcc_tf, 20 coefficients to 7 kHz. */
  kws_streaming: describeFrontend({ kind: "mfcc_tf" }),
  /** 40 bands to 4 kHz as grey values, 98 frames of 30 ms: the feature arrays of PICO-tinyML-benchmark. */
  log_mel_4k: describeFrontend({
    kind: "log_mel",
    inputScale: 32768,
    windowMs: 30,
    strideMs: 10,
    fftSize: 512,
    powerScale: 1 / 480,
    melBands: 40,
    lowerHertz: 0,
    upperHertz: 4000,
    logScale: 10,
    logFloor: 0,
    logOffset: 1,
    round: true,
    clipLow: 0,
    clipHigh: 255,
  }),
  /** `arm` under the name of its hop in samples, and with a hop of 40 ms, of Arm's dnn and of two of its RNNs. */
  "FE-A-320": describeFrontend({ ...arm, strideMs: 20 }),
  "FE-A-640": describeFrontend({ ...arm, strideMs: 40 }),
  /** MLPerf Tiny, keyword spotting: clip divided by its largest sample, magnitudes, 10 coefficients in 49 frames. */
  "FE-B": describeFrontend({
    kind: "log_mel",
    peak: true,
    windowMs: 30,
    strideMs: 20,
    fftSize: 512,
    spectrum: "magnitude",
    melBands: 40,
    lowerHertz: 20,
    upperHertz: 4000,
    logFloor: 0,
    logOffset: 1e-6,
    dctCoefficients: 10,
  }),
  /** MLPerf Tiny, streaming wake word: 40 bands a 32 ms, (10 log10 + 52) / 64 in 0..1. */
  "FE-C": describeFrontend({
    kind: "log_mel",
    preEmphasis: 1 - 2 ** -5,
    windowMs: 64,
    strideMs: 32,
    fftSize: 1024,
    window: "hamming",
    powerScale: 1 / 1024,
    melBands: 40,
    lowerHertz: 0,
    upperHertz: 8000,
    logScale: 10 / Math.LN10,
    logFloor: 1e-30,
    clipLow: -52,
    clipHigh: 12,
    scale: 1 / 64,
    offset: 52 / 64,
  }),
  /** The published command of EdgeML's keyword spotter: -ws 400 --nfft 512 --iir --log --log_delta 2.22e-16 --power_spec -fs 32. */
  ell: describeFrontend({
    kind: "ell",
    windowSize: 400,
    nfft: 512,
    iir: true,
    log: true,
    logDelta: 2.220446049250313e-16,
    powerSpec: true,
    filterbankSize: 32,
  }),
  /** SpeechRec: librosa's mel spectrogram, 40 bands in 32 frames, in decibels below the clip's largest value. */
  speechrec: describeFrontend({ kind: "librosa_mel", nMels: 40 }),
  /** TensorFlow's integer micro front end as micro_speech has it: a frame every 20 ms. */
  "FE-D": describeFrontend({ kind: "micro", strideMs: 20 }),
  /** The same as microWakeWord has it: a frame every 10 ms. */
  "FE-D-10": describeFrontend({ kind: "micro", strideMs: 10 }),
};

/**
 * The front end of that name.
 * @throws UsageError naming those that there are
 */
export function frontendPreset(name: string): FrontendDescription {
  const known = Object.hasOwn(frontendPresets, name) ? frontendPresets[name] : undefined;
  if (known) return known;
  const names = Object.keys(frontendPresets);
  const close = nearest(name, names);
  throw new UsageError(
    `there is no front end "${name}"${close ? `; did you mean ${close}?` : ""}; there are ${names.join(", ")}`,
  );
}
