import { fft, nextPowerOfTwo } from "./fft.js";

interface Spectrum {
  real: Float64Array;
  imaginary: Float64Array;
}

/** A fixed filter, ready to be applied to many signals. */
export class Convolver {
  readonly #response: Float32Array;
  /** The filter's transform by size. */
  readonly #spectra = new Map<number, Spectrum>();

  /** @param response shape [taps], the impulse response, at least one tap */
  constructor(response: Float32Array) {
    this.#response = response;
  }

  /**
   * Linear convolution through the Fourier transform, in double precision.
   * @param signal shape [n], n at least 1
   * @returns shape [n + taps - 1]
   */
  apply(signal: Float32Array): Float32Array {
    const output = new Float32Array(signal.length + this.#response.length - 1);
    const size = nextPowerOfTwo(output.length);
    const filter = this.#spectrum(size);
    const { real, imaginary } = transform(signal, size);
    for (let k = 0; k < size; k++) {
      const re = real[k] * filter.real[k] - imaginary[k] * filter.imaginary[k];
      imaginary[k] = real[k] * filter.imaginary[k] + imaginary[k] * filter.real[k];
      real[k] = re;
    }
    // Exchanging the parts makes the forward transform the inverse one.
    fft(imaginary, real);
    for (let i = 0; i < output.length; i++) output[i] = real[i] / size;
    return output;
  }

  #spectrum(size: number): Spectrum {
    let spectrum = this.#spectra.get(size);
    if (!spectrum) {
      spectrum = transform(this.#response, size);
      this.#spectra.set(size, spectrum);
    }
    return spectrum;
  }
}

function transform(signal: Float32Array, size: number): Spectrum {
  const real = new Float64Array(size);
  real.set(signal);
  const imaginary = new Float64Array(size);
  fft(real, imaginary);
  return { real, imaginary };
}
