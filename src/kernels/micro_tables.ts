/** What TensorFlow's integer micro front end is set up with. */
export interface MicroLayout {
  /** Samples a second. */
  readonly rate: number;
  /** Samples of a frame. */
  readonly window: number;
  /** Points of the transform: a power of two. */
  readonly points: number;
  readonly bands: number;
  /** Edges of the bands, hertz. */
  readonly lower: number;
  readonly upper: number;
}

/** Constants of the micro front end's transform and bands, all of them whole numbers. */
export interface MicroTables {
  /** Window in 12 bits. */
  readonly window: Int32Array;
  /** Where each point of the transform of half the points is taken from. */
  readonly places: Int32Array;
  /** exp(-2 pi i k / half) in 15 bits. */
  readonly cosines: Int32Array;
  readonly sines: Int32Array;
  /** exp(-pi i ((k + 1) / half + 1 / 2)) in 15 bits, which make the transform of the real samples of it. */
  readonly superCosines: Int32Array;
  readonly superSines: Int32Array;
  /** First bin of each channel, of which there is one more than bands, and the end of the last. */
  readonly starts: Int32Array;
  /** Weight of a bin for the band of its channel, in 12 bits; the rest of it is for the band above. */
  readonly weights: Int32Array;
  readonly unweights: Int32Array;
}

const f = Math.fround;

/** mel of hertz as the original rounds it. */
function mel(hertz: number): number {
  return f(1127 * Math.log1p(hertz / 700));
}

/** Tables of the front end (tensorflow/lite/experimental/microfrontend/lib and its FFT, kissfft in 16 bits). */
export function microTables(layout: MicroLayout): MicroTables {
  const half = layout.points / 2;
  const fixed = (x: number): number => Math.floor(0.5 + 32767 * x);
  const turns = (count: number, phase: (k: number) => number) => ({
    cosines: Int32Array.from({ length: count }, (_, k) => fixed(Math.cos(phase(k)))),
    sines: Int32Array.from({ length: count }, (_, k) => fixed(Math.sin(phase(k)))),
  });
  const upper = turns(half / 2, (k) => -Math.PI * ((k + 1) / half + 0.5));
  return {
    window: windowTable(layout.window),
    places: Int32Array.from({ length: half }, (_, k) => reversed(k, half)),
    ...turns(half, (k) => (-2 * Math.PI * k) / half),
    superCosines: upper.cosines,
    superSines: upper.sines,
    ...bank(layout),
  };
}

function windowTable(size: number): Int32Array {
  const turn = f((Math.PI * 2) / size);
  return Int32Array.from({ length: size }, (_, i) => Math.floor(f(0.5 - 0.5 * Math.cos(turn * (i + 0.5))) * 4096 + 0.5));
}

/** k with its digits to the base of four in reverse; where the count is no power of four, its lowest digit is one to the base of two. */
function reversed(k: number, count: number): number {
  const isOdd = Math.log2(count) % 2 === 1;
  let result = isOdd ? k % 2 : 0;
  for (let n = isOdd ? count / 2 : count, rest = isOdd ? Math.floor(k / 2) : k; n > 1; n /= 4, rest = Math.floor(rest / 4))
    result = 4 * result + (rest % 4);
  return result;
}

function bank({ rate, points, bands, lower, upper }: MicroLayout): Pick<MicroTables, "starts" | "weights" | "unweights"> {
  const spacing = f((0.5 * rate) / (points / 2));
  const low = mel(lower);
  const step = f(f(mel(upper) - low) / (bands + 1));
  const centre = (channel: number): number => f(low + f(step * (channel + 1)));
  const weights = new Int32Array(points / 2 + 1);
  const unweights = new Int32Array(points / 2 + 1);
  const starts = [Math.trunc(1.5 + lower / spacing)];
  for (let channel = 0; channel <= bands; channel++) {
    let bin = starts[channel] as number;
    const width = f(centre(channel) - (channel === 0 ? low : centre(channel - 1)));
    for (; bin < points / 2 && mel(f(bin * spacing)) <= centre(channel); bin++) {
      const weight = f(f(centre(channel) - mel(f(bin * spacing))) / width);
      weights[bin] = Math.floor(weight * 4096 + 0.5);
      unweights[bin] = Math.floor((1 - weight) * 4096 + 0.5);
    }
    starts.push(bin);
  }
  return { starts: Int32Array.from(starts), weights, unweights };
}

/**
 * Gain for a noise estimate, as parabolas between powers of two: three values at 4 * interval - 6. Per-channel amplitude normalisation of
 * strength 0.95, offset 80, gain in 21 bits, noise estimates with 10 bits behind the point less the correction.
 */
export function microGains(correction = 3): Int32Array {
  const unit = 2 ** (10 - correction);
  const gain = (x: number): number => Math.min(32767, Math.floor(f(2 ** 21 * f((f(x) / unit + 80) ** -f(0.95))) + 0.5));
  const table = new Int32Array(4 * 32 - 3);
  table[0] = gain(0);
  table[1] = gain(1);
  for (let interval = 2; interval <= 32; interval++) {
    const from = 2 ** (interval - 1);
    const to = interval === 32 ? 2 * from - 1 : 2 * from;
    const [y0, y1, y2] = [gain(from), gain(1.5 * from), gain(to)];
    const slope = 4 * (y1 - y0) - (y2 - y0);
    table.set([y0, slope, y2 - y0 - slope], 4 * interval - 6);
  }
  return table;
}

/** What log2(1 + x) is above x, 16 bits, in 128 parts. */
export function microLogs(): Int32Array {
  return Int32Array.from({ length: 130 }, (_, i) => (i > 128 ? 0 : Math.round(65536 * (Math.log2(1 + i / 128) - i / 128))));
}
