import { microGains, microLogs, microTables } from "../../src/kernels/micro_tables.js";

type Complex = readonly [real: number, imaginary: number];

const rounded = (x: number): number => (x + 16_384) >> 15;
const bitsOf = (x: number): number => (x < 1 ? 0 : Math.floor(Math.log2(x)) + 1);

/** KISS FFT in 15 bits, recursive as its kf_work, radices 4 and 2. */
function transform(input: readonly Complex[], cosines: Int32Array, sines: Int32Array): Complex[] {
  const all = input.length;
  const times = ([r, i]: Complex, at: number): Complex => {
    const [c, s] = [cosines[at] as number, sines[at] as number];
    return [rounded(r * c - i * s), rounded(r * s + i * c)];
  };
  const work = (from: number, stride: number, count: number): Complex[] => {
    if (count === 1) return [input[from] as Complex];
    const radix = count % 4 === 0 ? 4 : 2;
    const m = count / radix;
    const parts = Array.from({ length: radix }, (_, q) => work(from + q * stride, stride * radix, m));
    const divisor = Math.floor(32_767 / radix);
    const out = Array.from({ length: count }, (): Complex => [0, 0]);
    for (let j = 0; j < m; j++) {
      const [a, b, c, d] = parts.map((part, q) => {
        const [r, i] = part[j] as Complex;
        const less: Complex = [rounded(r * divisor), rounded(i * divisor)];
        return q === 0 ? less : times(less, (j * q * stride) % all);
      }) as [Complex, Complex, Complex, Complex];
      if (radix === 2) {
        out[j] = [a[0] + b[0], a[1] + b[1]];
        out[j + m] = [a[0] - b[0], a[1] - b[1]];
        continue;
      }
      const [s5, s0]: Complex[] = [
        [a[0] - c[0], a[1] - c[1]],
        [a[0] + c[0], a[1] + c[1]],
      ] as [Complex, Complex];
      const [s3, s4]: Complex[] = [
        [b[0] + d[0], b[1] + d[1]],
        [b[0] - d[0], b[1] - d[1]],
      ] as [Complex, Complex];
      out[j] = [s0![0] + s3![0], s0![1] + s3![1]];
      out[j + m] = [s5![0] + s4![1], s5![1] - s4![0]];
      out[j + 2 * m] = [s0![0] - s3![0], s0![1] - s3![1]];
      out[j + 3 * m] = [s5![0] - s4![1], s5![1] + s4![0]];
    }
    return out;
  };
  return work(0, 1, all);
}

/** Energies of bins 0 to half as kiss_fftr gives them; the first and the last count in no band. */
function energies(samples: Int32Array, t: ReturnType<typeof microTables>): Float64Array {
  const half = samples.length / 2;
  const pairs = Array.from({ length: half }, (_, i): Complex => [samples[2 * i] as number, samples[2 * i + 1] as number]);
  const spectrum = transform(pairs, t.cosines, t.sines);
  const found = new Float64Array(half + 1);
  const halved = (x: number): number => rounded(x * 16_383);
  for (let k = 1; k <= half / 2; k++) {
    const [p, n] = [spectrum[k] as Complex, spectrum[half - k] as Complex];
    const [pr, pi, nr, ni] = [halved(p[0]), halved(p[1]), halved(n[0]), halved(-n[1])];
    const [c, s] = [t.superCosines[k - 1] as number, t.superSines[k - 1] as number];
    const [r, i] = [rounded((pr - nr) * c - (pi - ni) * s), rounded((pr - nr) * s + (pi - ni) * c)];
    const square = (x: number, y: number): number => (x >> 1) ** 2 + (y >> 1) ** 2;
    found[k] = square(pr + nr + r, pi + ni + i);
    found[half - k] = square(pr + nr - r, i - pi - ni);
  }
  return found;
}

/** A function of wide range, from its parabolas. */
function gainAt(x: number, table: Int32Array): number {
  if (x <= 2) return table[x] as number;
  const interval = bitsOf(x);
  const fraction = Math.floor(x * 2 ** (11 - interval)) & 0x3ff;
  const [a, b, c] = table.subarray(4 * interval - 6) as unknown as [number, number, number];
  return (((((c * fraction) >> 5) + b * 32) * fraction + 16_384) >> 15) + a;
}

function logarithm(x: number, table: Int32Array): number {
  const whole = bitsOf(x) - 1;
  const fraction = Math.floor((x - 2 ** whole) * 2 ** (16 - whole));
  const segment = fraction >> 9;
  const [c0, c1] = [table[segment] as number, table[segment + 1] as number];
  const log2 = whole * 65_536 + fraction + c0 + (((c1 - c0) * (fraction - segment * 512)) >> 16);
  const natural = Math.floor((45_426 * log2 + 32_768) / 65_536);
  return Math.floor((natural * 64 + 32_768) / 65_536);
}

/** TensorFlow's micro front end as its C code has it, frame by frame, for transforms of any power of two. */
export function microReference(
  audio: Float32Array,
  options: { rate: number; window: number; hop: number; points: number; bands: number; lower: number; upper: number },
): number[] {
  const { window, hop, points, bands } = options;
  const t = microTables(options);
  // FrontendPopulateState: MostSignificantBit32(fft_size) - 1 - kFilterbankBits / 2
  const correction = bitsOf(points) - 1 - 6;
  const [gains, logs] = [microGains(correction), microLogs()];
  const estimate = new Float64Array(bands);
  const features: number[] = [];
  for (let from = 0; from + window <= audio.length; from += hop) {
    const samples = new Int32Array(points);
    for (let i = 0; i < window; i++)
      samples[i] =
        (Math.max(-32_768, Math.min(32_767, Math.round((audio[from + i] as number) * 32_768))) * (t.window[i] as number)) >> 12;
    const shift = 15 - bitsOf(samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0));
    const energy = energies(
      samples.map((x) => x * 2 ** shift),
      t,
    );
    for (let band = 0; band < bands; band++) {
      let sum = 0;
      for (const [channel, of] of [
        [band, t.unweights],
        [band + 1, t.weights],
      ] as const)
        for (let bin = t.starts[channel] as number; bin < (t.starts[channel + 1] as number); bin++)
          sum += (of[bin] as number) * (energy[bin] as number);
      const root = Math.floor(Math.sqrt(sum));
      const magnitude = Math.floor(
        (root + (sum - root * root > root && !(root === 65_535 && sum < 2 ** 32) ? 1 : 0)) / 2 ** shift,
      );
      const smoothing = band % 2 === 0 ? 409 : 983;
      const scaled = magnitude * 1024;
      const now = Math.floor((scaled * smoothing + (estimate[band] as number) * (16_384 - smoothing)) / 16_384);
      estimate[band] = now;
      const signal = Math.max(Math.floor((magnitude * 819) / 16_384), Math.floor((scaled - Math.min(now, scaled)) / 1024));
      // PCAN: snr_shift = gain_bits - input_correction_bits - kPcanSnrBits
      const ratio = Math.floor((signal * gainAt(now, gains)) / 2 ** (21 - correction - 12)) % 2 ** 32;
      const shrunk = ratio < 8192 ? Math.floor(ratio ** 2 / 2 ** 20) : Math.floor(ratio / 64) - 64;
      const value = Math.floor(shrunk * 2 ** correction);
      features.push(value > 1 ? Math.min(65_535, logarithm(value, logs)) : 0);
    }
  }
  return features;
}
