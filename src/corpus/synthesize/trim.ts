/** Frames quieter than the loudest by so much are silence, dB: the f of "off" is some 35 dB below its vowel, the noise in awb's pauses 44. */
const silence = -40;
const frameSeconds = 0.005;
/** Left before and after what is heard, seconds. */
const margin = 0.012;

/** Cuts silence off both ends and fades what is left at its edges. Returns a new array, empty where there is nothing but silence. */
export function trimSilence(samples: Float32Array, sampleRate: number): Float32Array {
  const frame = Math.max(1, Math.round(frameSeconds * sampleRate));
  const power: number[] = [];
  for (let at = 0; at + frame <= samples.length; at += frame) power.push(framePower(samples, at, frame));
  const loudest = power.reduce((a, b) => Math.max(a, b), 0);
  if (loudest < 1e-8) return new Float32Array(0);
  const threshold = loudest * 10 ** (silence / 10);
  const first = power.findIndex((p) => p > threshold);
  const last = power.findLastIndex((p) => p > threshold);
  const extra = Math.round(margin * sampleRate);
  const kept = samples.slice(Math.max(0, first * frame - extra), (last + 1) * frame + extra);
  fadeEdges(kept, extra);
  return kept;
}

function framePower(samples: Float32Array, at: number, count: number): number {
  let sum = 0;
  for (let i = at; i < at + count; i++) sum += samples[i] * samples[i];
  return sum / count;
}

function fadeEdges(samples: Float32Array, length: number): void {
  const count = Math.min(length, samples.length >> 1);
  for (let i = 0; i < count; i++) {
    const gain = 0.5 - 0.5 * Math.cos((Math.PI * i) / count);
    samples[i] *= gain;
    samples[samples.length - 1 - i] *= gain;
  }
}
