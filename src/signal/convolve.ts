import { fft, nextPowerOfTwo } from "./fft.js";

/** A fixed filter, ready to be applied to many signals up to one length. */
export interface Convolver {
  /**
   * Linear convolution.
   * @param signal shape [n], n at most the length the convolver was made for
   * @returns shape [n + taps - 1]
   */
  apply(signal: Float32Array): Float32Array;
}

/**
 * A filter applied through the Fourier transform, in double precision.
 * @param response shape [taps], the impulse response
 * @param longest length of the longest signal
 */
export function makeConvolver(response: Float32Array, longest: number): Convolver {
  const size = nextPowerOfTwo(longest + response.length - 1);
  const filterReal = Float64Array.from({ length: size }, (_, i) => (i < response.length ? response[i] : 0));
  const filterImaginary = new Float64Array(size);
  fft(filterReal, filterImaginary);
  return {
    apply(signal) {
      const real = new Float64Array(size);
      const imaginary = new Float64Array(size);
      real.set(signal);
      fft(real, imaginary);
      for (let k = 0; k < size; k++) {
        const re = real[k] * filterReal[k] - imaginary[k] * filterImaginary[k];
        imaginary[k] = real[k] * filterImaginary[k] + imaginary[k] * filterReal[k];
        real[k] = re;
      }
      // Exchanging the parts makes the forward transform the inverse one.
      fft(imaginary, real);
      return Float32Array.from({ length: signal.length + response.length - 1 }, (_, i) => real[i] / size);
    },
  };
}
