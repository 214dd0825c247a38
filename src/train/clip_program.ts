import { compile } from "../engine/compile.js";
import type { KernelTime } from "../engine/kernel_times.js";
import type { CompiledProgram } from "../engine/program.js";
import { planStretch, type Stretch } from "../corpus/augment/resample.js";
import { GraphBuilder } from "../graph/builder.js";
import { retype } from "../graph/retype.js";
import { type Graph, tensor } from "../graph/types.js";
import { copyNodes } from "../passes/clone.js";
import { optimize } from "../passes/optimize.js";

/** What a clip program is made for. */
export interface ClipProgramOptions {
  /** Clips of a run. */
  readonly group: number;
  /** Samples of a clip. */
  readonly samples: number;
  /** Whether background noise is mixed in. */
  readonly noise: boolean;
  /** What computes. */
  readonly target: "oracle" | "wasm" | "native" | "auto";
  /** Whether a sound may become louder than -1..1. Default false. */
  readonly unlimited?: boolean | undefined;
  /** Whether its kernels are timed. */
  readonly profile?: boolean | undefined;
}

/** What is done to one clip; see corpus/augment/waveform.ts for the meaning. */
export interface ClipControls {
  /** 16-bit samples that were written; -1 where the clip was written as floats. */
  readonly count: number;
  readonly factor: number;
  readonly shift: number;
  readonly gain: number;
  /** Factor of the noise; 0: it is not heard, and need not be written. */
  readonly noiseVolume: number;
  /** In the place of factor and shift. */
  readonly stretch?: Stretch | undefined;
}

/**
 * Sound to features: 16-bit samples (or floats) decoded, stretched and moved, made louder, mixed with noise and limited to -1..1, then
 * the front end (`undefined`: no more than stretched).
 * @param fromAudio "audio" [1, samples] -> "features" [1, ...]
 */
export function clipGraph(fromAudio: Graph | undefined, { group, samples, noise, unlimited = false }: ClipProgramOptions): Graph {
  const g = new GraphBuilder("clips");
  const pcm = g.input("pcm", tensor("i16", [group, samples]));
  const counts = g.input("counts", tensor("i32", [group]));
  const floats = g.input("samples", tensor("f32", [group, samples]));
  const ranges = g.input("ranges", tensor("i32", [group, 3]));
  const scales = g.input("scales", tensor("f32", [group]));
  const decoded = g.op("decode_pcm16", [pcm, counts, floats]);
  let x = g.op("resample_linear", [decoded, ranges, scales], { samples, coordinates: "legacy" });
  if (fromAudio === undefined) {
    g.output("audio", x);
    return optimize(g.finish());
  }
  x = g.op("mul", [x, g.input("gains", tensor("f32", [group, 1]))]);
  if (noise) {
    const pieces = g.input("noise", tensor("f32", [group, samples]));
    x = g.op("add", [x, g.op("mul", [pieces, g.input("volumes", tensor("f32", [group, 1]))])]);
  }
  if (!unlimited) x = g.op("clamp", [x], { low: -1, high: 1 });
  const typed = retype(fromAudio, { inputs: { audio: [group, samples] } });
  const copies = new Map([[typed.inputs[0].value, x]]);
  copyNodes(g, typed.nodes, copies);
  for (const { name, value } of typed.outputs) g.output(name, copies.get(value) ?? value);
  return optimize(g.finish());
}

/** Runs groups of clips through augmentation and front end on one thread. A result does not depend on its neighbours in the group. */
export class ClipProgram {
  readonly #program: CompiledProgram;
  readonly #samples: number;
  readonly #noise: boolean;
  readonly #counts: Int32Array;
  readonly #ranges: Int32Array;
  readonly #scales: Float32Array;
  readonly #gains: Float32Array | undefined;
  readonly #volumes: Float32Array | undefined;
  readonly #result: Float32Array;
  /** Clips of a run. */
  readonly group: number;

  /** Use `ClipProgram.open`. */
  constructor(program: CompiledProgram, { group, samples, noise }: ClipProgramOptions) {
    const floats = (name: string) => (program.names.includes(name) ? program.read(name) : undefined);
    this.#program = program;
    this.#samples = samples;
    this.#noise = noise;
    this.group = group;
    this.#counts = program.view("counts") as Int32Array;
    this.#ranges = program.view("ranges") as Int32Array;
    this.#scales = program.read("scales");
    this.#gains = floats("gains");
    this.#volumes = floats("volumes");
    this.#result = floats("features") ?? program.read("audio");
    // A place that was never written is an empty clip.
    for (let i = 0; i < group; i++) this.set(i, { count: 0, factor: 1, shift: 0, gain: 1, noiseVolume: 0 });
  }

  /** Compiles; without a front end the result is the stretched sound. */
  static async open(fromAudio: Graph | undefined, options: ClipProgramOptions): Promise<ClipProgram> {
    return new ClipProgram(
      await compile(clipGraph(fromAudio, options), { target: options.target, threads: 1, profile: options.profile === true }),
      options,
    );
  }

  /** Where the 16-bit samples of place `i` are written, shape [samples]. */
  pcm(i: number): Int16Array {
    return (this.#program.view("pcm") as Int16Array).subarray(i * this.#samples, (i + 1) * this.#samples);
  }

  /** Where the samples of place `i` are written if they are floats, shape [samples]. */
  floats(i: number): Float32Array {
    return this.#program.read("samples").subarray(i * this.#samples, (i + 1) * this.#samples);
  }

  /** Writes the noise of place `i`: the piece of a recording from `offset` on. */
  setNoise(i: number, recording: Float32Array, offset: number): void {
    const piece = recording.subarray(offset, offset + this.#samples);
    if (this.#noise) this.#program.read("noise").set(piece, i * this.#samples);
  }

  /** Says what is done to place `i`. */
  set(i: number, { count, factor, shift, gain, noiseVolume, stretch }: ClipControls): void {
    const { start, end, offset, scale } = stretch ?? planStretch(this.#samples, this.#samples, factor, shift);
    this.#counts[i] = count;
    this.#ranges.set([start, end, offset], 3 * i);
    this.#scales[i] = scale;
    if (this.#gains) this.#gains[i] = gain;
    if (this.#volumes) this.#volumes[i] = noiseVolume;
  }

  /** Runs the group. Places that were not written hold older sounds; their results mean nothing. */
  run(): void {
    this.#program.run();
  }

  /** Result of place `i`; valid until the next run. */
  result(i: number): Float32Array {
    const length = this.#result.length / this.group;
    return this.#result.subarray(i * length, (i + 1) * length);
  }

  /** Time by kernel if opened with `profile`. */
  kernelTimes(): readonly KernelTime[] {
    return this.#program.kernelTimes();
  }

  /** Frees the program. */
  close(): void {
    this.#program.close();
  }
}
