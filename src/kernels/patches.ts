import { KernelBuilder } from "./kernel_builder.js";
import { add, binary, constant, div, type Expression, type Kernel, mul, rem } from "./language.js";
import { eachVector } from "./vectors.js";

/** A convolution's map [batch, input, channels] and its patches [batch, output, kernel, channels]: what each place of the output sees. */
export interface PatchSpecification {
  readonly element: "f32" | "f64";
  readonly batch: number;
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Zeros before the map. */
  readonly before: readonly [number, number];
  readonly channels: number;
}

/** Runs `inside` where 0 <= index < size, else `outside`. */
function within(k: KernelBuilder, index: Expression, size: number, inside: () => void, outside: () => void): void {
  k.if(binary("ge", index, 0), () => k.if(binary("lt", index, size), inside, outside), outside);
}

/**
 * Copies each place's patch to a row of its own, zeros where it sees beyond the map: a convolution of few places to a row is a plain
 * product with them. Buffers: map, patches.
 */
export function gatherPatchesKernel(s: PatchSpecification, vectorLanes: number): Kernel {
  const lanes = s.element === "f64" ? 1 : vectorLanes;
  const k = new KernelBuilder("patches");
  const x = k.buffer("x", s.element);
  const y = k.buffer("y", s.element, true);
  const { channels, kernel, strides, dilations, before, input, output } = s;
  const line = kernel[1] * channels;
  const copy = (to: Expression, from: Expression | undefined, elements: number): void => {
    eachVector(k, elements, lanes, (j, width) =>
      k.store(y, add(to, j), from ? k.load(x, add(from, j), width) : constant(s.element, 0, width)),
    );
  };
  k.parallel(s.batch * output[0], (p) => {
    const b = k.let(div(p, output[0]));
    const top = k.let(add(mul(rem(p, output[0]), strides[0]), -before[0]));
    k.for(0, kernel[0], 1, (tap) => {
      const row = k.let(add(top, mul(tap, dilations[0])));
      const to = k.let(add(mul(p, output[1] * kernel[0] * line), mul(tap, line)));
      within(
        k,
        row,
        input[0],
        () => {
          const from = k.let(mul(add(mul(b, input[0]), row), input[1] * channels));
          for (let place = 0; place < output[1]; place++)
            for (const run of runsOf(s, place)) {
              const at = add(to, place * kernel[0] * line + run.tap * channels);
              copy(at, run.column === undefined ? undefined : add(from, run.column * channels), run.count * channels);
            }
        },
        () => {
          for (let place = 0; place < output[1]; place++) copy(add(to, place * kernel[0] * line), undefined, line);
        },
      );
    });
  });
  return k.finish();
}

/** Neighbouring taps that see neighbouring columns of the map, or (`column` undefined) nothing of it. */
function runsOf(s: PatchSpecification, place: number): { tap: number; column: number | undefined; count: number }[] {
  const runs: { tap: number; column: number | undefined; count: number }[] = [];
  for (let tap = 0; tap < s.kernel[1]; tap++) {
    const at = place * s.strides[1] + tap * s.dilations[1] - s.before[1];
    const column = at >= 0 && at < s.input[1] ? at : undefined;
    const last = runs.at(-1);
    const goesOn =
      last &&
      (column === undefined ? last.column === undefined : last.column !== undefined && last.column + last.count === column);
    if (goesOn) last.count++;
    else runs.push({ tap, column, count: 1 });
  }
  return runs;
}

/** Vectors of a map's row whose sums are in registers together. */
const mostSums = 12;

/** Adds patches up to the map that they were taken from: each element is the sum of its places in them, in order. Buffers: patches, map. */
export function addPatchesKernel(s: PatchSpecification, vectorLanes: number): Kernel {
  const lanes = s.element === "f64" ? 1 : vectorLanes;
  const k = new KernelBuilder("patches");
  const x = k.buffer("x", s.element);
  const y = k.buffer("y", s.element, true);
  const { channels, kernel, strides, dilations, before, input, output } = s;
  const line = kernel[1] * channels;
  const patch = kernel[0] * line;
  /** Sums of the columns from `first` on, at a channel. */
  const columns = (b: Expression, row: Expression, first: number, channel: Expression, width: number): void => {
    const count = Math.min(mostSums, input[1] - first);
    const sums = Array.from({ length: count }, () => k.mutable(constant(s.element, 0, width)));
    k.for(0, kernel[0], 1, (tap) => {
      const at = k.let(add(add(row, before[0]), mul(tap, -dilations[0])));
      const taken = k.let(div(at, strides[0]));
      const hit = (): void =>
        within(
          k,
          at,
          output[0] * strides[0],
          () => {
            const base = k.let(add(add(mul(add(mul(b, output[0]), taken), output[1] * patch), mul(tap, line)), channel));
            sums.forEach((sum, i) => {
              for (let t = 0; t < kernel[1]; t++) {
                const place = (first + i + before[1] - t * dilations[1]) / strides[1];
                if (!Number.isInteger(place) || place < 0 || place >= output[1]) continue;
                k.assign(sum, add(sum, k.load(x, add(base, place * patch + t * channels), width)));
              }
            });
          },
          () => {},
        );
      if (strides[0] === 1) hit();
      else k.if(binary("eq", mul(taken, strides[0]), at), hit);
    });
    const to = k.let(add(mul(add(mul(b, input[0]), row), input[1] * channels), channel));
    sums.forEach((sum, i) => k.store(y, add(to, (first + i) * channels), sum));
  };
  k.parallel(s.batch * input[0], (p) => {
    const b = k.let(div(p, input[0]));
    const row = k.let(rem(p, input[0]));
    for (let first = 0; first < input[1]; first += mostSums)
      eachVector(k, channels, lanes, (channel, width) => columns(b, row, first, channel, width));
  });
  return k.finish();
}
