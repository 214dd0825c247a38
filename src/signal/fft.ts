import { invariant } from "../base/errors.js";

/** Tables for one size: bit-reversed places and the roots of unity. */
interface Plan {
  reversed: Uint32Array;
  cosine: Float64Array;
  sine: Float64Array;
}

const plans = new Map<number, Plan>();

function planFor(size: number): Plan {
  const known = plans.get(size);
  if (known) return known;
  invariant(size >= 2 && (size & (size - 1)) === 0 && size <= 2 ** 24, `a transform of ${size} points; a power of two is needed`);
  const bits = Math.log2(size);
  const reversed = new Uint32Array(size);
  for (let i = 0; i < size; i++) reversed[i] = (reversed[i >> 1] >> 1) | ((i & 1) << (bits - 1));
  const cosine = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
  const sine = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
  const plan = { reversed, cosine, sine };
  plans.set(size, plan);
  return plan;
}

/**
 * Fourier transform in place (radix 2, Cooley and Tukey 1965), unscaled. The inverse is the same with real and imaginary
 * parts exchanged, divided by the size.
 * @param real shape [n], n a power of two
 * @param imaginary shape [n]
 */
export function fft(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  const { reversed, cosine, sine } = planFor(size);
  for (let i = 0; i < size; i++) {
    const j = reversed[i];
    if (j <= i) continue;
    const re = real[i];
    real[i] = real[j];
    real[j] = re;
    const im = imaginary[i];
    imaginary[i] = imaginary[j];
    imaginary[j] = im;
  }
  for (let half = 1, stride = size / 2; half < size; half *= 2, stride /= 2) {
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0, table = 0; k < half; k++, table += stride) {
        const low = start + k;
        const high = low + half;
        const re = real[high] * cosine[table] - imaginary[high] * sine[table];
        const im = real[high] * sine[table] + imaginary[high] * cosine[table];
        real[high] = real[low] - re;
        imaginary[high] = imaginary[low] - im;
        real[low] += re;
        imaginary[low] += im;
      }
    }
  }
}

/** The smallest power of two that is not below n (and at least 2). */
export function nextPowerOfTwo(n: number): number {
  let size = 2;
  while (size < n) size *= 2;
  return size;
}
