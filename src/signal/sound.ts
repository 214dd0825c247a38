import { UserError } from "../base/errors.js";

/** A mono recording. */
export interface Sound {
  /** Shape [samples]; full scale is -1 to 1, an int16 value is divided by exactly 32768. */
  samples: Float32Array;
  /** Samples per second (Hz). */
  sampleRate: number;
}

/** What is refused before it is decoded, so that a small file cannot claim a large memory. */
export interface SoundLimits {
  /** Longest duration accepted, in seconds; default 3600. */
  maxSeconds?: number;
  /** Most samples accepted, whatever their rate. */
  maxSamples?: number;
  /** What the message about a longer one says one can do. */
  remedy?: string;
}

/** Lowest and highest sample rate accepted, in Hz. */
export const lowestRate = 1000;
export const highestRate = 768_000;

/** Most channels accepted in a file. */
export const mostChannels = 64;

/** Most mono samples held in memory at once (1 GiB as float32). */
export const mostSamples = 2 ** 28;

/** The most samples that a sound at `sampleRate` Hz may have under the limits. */
export function sampleLimit(sampleRate: number, limits: SoundLimits): number {
  return Math.min(mostSamples, limits.maxSamples ?? mostSamples, Math.ceil((limits.maxSeconds ?? 3600) * sampleRate));
}

/**
 * Refuses a sound that is longer than the limits allow.
 * @param name file name for the message
 * @param samples number of samples a channel
 * @param sampleRate in Hz
 * @throws UserError
 */
export function checkDuration(name: string, samples: number, sampleRate: number, limits: SoundLimits): void {
  if (samples <= sampleLimit(sampleRate, limits)) return;
  const seconds = samples / sampleRate;
  const most = sampleLimit(sampleRate, limits) / sampleRate;
  throw new UserError(
    `${name}: the sound lasts ${seconds.toFixed(1)} s and at most ${most.toFixed(1)} s are read; ${limits.remedy ?? "cut it into pieces or raise the limit"}`,
  );
}

/** Mono samples (16 MiB as float32) that any file may unpack to. */
const freeSamples = 2 ** 22;
/** Further samples for each byte of a file: WAV and FLAC of recordings have at least eight bits for one and a half samples. */
const samplesPerByte = 1.5;

/**
 * Refuses a small file that would fill a large memory: digital silence shrinks to nothing in FLAC, and a low rate swells when it is
 * converted to a higher one. Memory then stays in proportion to the file.
 * @param name file name for the message
 * @param samples mono samples that have to be held, decoded and converted together
 * @param bytes size of the file
 * @throws UserError
 */
export function checkUnpackedSize(name: string, samples: number, bytes: number): void {
  const most = Math.floor(freeSamples + samplesPerByte * bytes);
  if (samples <= most) return;
  throw new UserError(
    `${name}: ${bytes} bytes unpack to ${samples} samples and at most ${most} are held for a file of this size; cut it into pieces`,
  );
}
