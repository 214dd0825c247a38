import { invariant } from "../base/errors.js";
import type { LogPower } from "../corpus/augment/log_power.js";
import type { Mask } from "../corpus/augment/mask.js";
import { compile } from "../engine/compile.js";
import type { CompiledProgram } from "../engine/program.js";
import { GraphBuilder } from "../graph/builder.js";
import { retype } from "../graph/retype.js";
import { type Graph, tensor, type Value } from "../graph/types.js";
import { compose } from "../passes/compose.js";
import { optimize } from "../passes/optimize.js";

/** Arrays of one shape whose values are bytes, or numbers. */
export type Values = Uint8Array | Float32Array;

/** What a program for arrays is made for. */
export interface ArrayGraphOptions {
  /** Arrays that are computed together. */
  readonly group: number;
  readonly frames: number;
  readonly bins: number;
  /** How a value comes from power; missing where it does not: then nothing is mixed. */
  readonly form?: LogPower | undefined;
  /** What may be blanked: nothing, whole frames and whole bins, or any values. Default nothing. */
  readonly masks?: "none" | "bands" | "any" | undefined;
  /** Whether voices are bytes. Default false. */
  readonly bytes?: boolean | undefined;
  /** What follows: "archived" [1, frames, bins] to "features" [1, T, F]. Default nothing. */
  readonly stack?: Graph | undefined;
}

const largest = 3.4028234663852886e38;

/** What digital silence is. */
export function lowestOf(form: LogPower | undefined): number {
  return form === undefined ? 0 : Math.max(-largest, form.lowest);
}

/** Powers of independent sounds add: two arrays of values, each with a gain of its power, to one. */
function mixed(g: GraphBuilder, voice: Value, form: LogPower): Value {
  const { scale, floor, highest } = form;
  const { shape } = voice.type;
  const power = (name: string, x: Value): Value => {
    const gains = g.input(`${name}_gains`, tensor("f32", [shape[0]!, 1, 1]));
    const raised = g.op("exp", [g.op("affine", [x], { scale: 1 / scale, offset: 0 })]);
    return g.op("mul", [g.op("affine", [raised], { scale: 1, offset: -floor }), gains]);
  };
  const noise = g.input("noise", tensor("f32", shape));
  const sum = g.op("affine", [g.op("add", [power("voice", voice), power("noise", noise)])], { scale: 1, offset: floor });
  const y = g.op("affine", [g.op("log", [sum])], { scale, offset: 0 });
  return g.op("clamp", [y], { low: lowestOf(form), high: Math.min(largest, highest) });
}

/** Blanks values where an input is 1. */
function masked(g: GraphBuilder, x: Value, { masks, form }: ArrayGraphOptions): Value {
  if (masks === undefined || masks === "none") return x;
  const [group, frames, bins] = x.type.shape as [number, number, number];
  const not = (name: string, shape: readonly number[]): Value =>
    g.op("affine", [g.input(name, tensor("f32", shape))], { scale: -1, offset: 1 });
  const shown =
    masks === "any"
      ? not("masked", [group, frames, bins])
      : g.op("mul", [not("masked_frames", [group, frames, 1]), not("masked_bins", [group, 1, bins])]);
  const blank = lowestOf(form);
  return g.op("add", [g.op("mul", [x, shown]), g.op("affine", [shown], { scale: -blank, offset: blank })]);
}

/** Groups of arrays, mixed, masked, and brought through what follows. */
export function arrayGraph(options: ArrayGraphOptions): Graph {
  const { group, frames, bins, form, bytes, stack } = options;
  const g = new GraphBuilder("arrays");
  const shape = [group, frames, bins];
  const read = bytes
    ? g.op("dequantize", [g.input("voice", { dtype: "u8", shape, quantization: { scale: [1], zeroPoint: [0] } })])
    : g.input("voice", tensor("f32", shape));
  const whole = masked(g, form ? mixed(g, read, form) : read, options);
  const first = (name: string): Graph => {
    // An input cannot be an output.
    g.output(name, whole === read && !bytes ? g.op("affine", [whole], { scale: 1, offset: 0 }) : whole);
    return g.finish();
  };
  if (stack === undefined) return optimize(first("features"));
  return optimize(compose(first("archived"), retype(stack, { inputs: { archived: shape } }), "arrays"));
}

/** Makes features of groups of arrays on one thread. A result does not depend on its neighbours in the group. */
export class ArrayProgram {
  readonly #program: CompiledProgram;
  readonly #bins: number;
  readonly #voices: readonly Values[];
  readonly #noises: readonly Float32Array[];
  readonly #maskedFrames: readonly Float32Array[];
  readonly #maskedBins: readonly Float32Array[];
  readonly #masked: readonly Float32Array[];
  readonly #results: readonly Float32Array[];

  /** Use `ArrayProgram.open`. */
  constructor(program: CompiledProgram, { group, bins }: ArrayGraphOptions) {
    this.#program = program;
    this.#bins = bins;
    const places = <T extends Values>(name: string): T[] => {
      if (!program.names.includes(name)) return [];
      const all = program.view(name) as T;
      const length = all.length / group;
      return Array.from({ length: group }, (_, i) => all.subarray(i * length, (i + 1) * length) as T);
    };
    this.#voices = places("voice");
    this.#noises = places("noise");
    this.#maskedFrames = places("masked_frames");
    this.#maskedBins = places("masked_bins");
    this.#masked = places("masked");
    this.#results = places("features");
  }

  /** Compiles it. */
  static async open(options: ArrayGraphOptions, target: "oracle" | "wasm" | "native" | "auto"): Promise<ArrayProgram> {
    return new ArrayProgram(await compile(arrayGraph(options), { target, threads: 1 }), options);
  }

  /** Where the voice of place `i` is written, shape [frames, bins]. */
  voice(i: number): Values {
    return this.#voices[i]!;
  }

  /** Says how loud the voice of place `i` becomes, where it is mixed. */
  gain(i: number, decibels: number): void {
    if (this.#noises.length > 0) this.#program.read("voice_gains")[i] = 10 ** (decibels / 10);
  }

  /** Says that place `i` has no noise. */
  quiet(i: number): void {
    if (this.#noises.length > 0) this.#program.read("noise_gains")[i] = 0;
  }

  /** Sets the noise of place `i`: an array read from `start` on and round. */
  noise(i: number, values: Values, start: number, decibels: number): void {
    const out = this.#noises[i]!;
    const first = start % values.length;
    out.set(values.subarray(first));
    out.set(values.subarray(0, first), values.length - first);
    this.#program.read("noise_gains")[i] = 10 ** (decibels / 10);
  }

  /** Says what of place `i` is blanked, in the place of what was said before. */
  mask(i: number, masks: readonly Mask[]): void {
    const [frames, bins, any] = [this.#maskedFrames[i], this.#maskedBins[i], this.#masked[i]];
    for (const of of [frames, bins, any]) of?.fill(0);
    for (const mask of masks) {
      if (any) for (let frame = mask.firstFrame; frame < mask.endFrame; frame++) this.#blank(any, frame, mask);
      else if (mask.endBin - mask.firstBin === bins!.length) frames!.fill(1, mask.firstFrame, mask.endFrame);
      else {
        invariant(mask.endFrame - mask.firstFrame === frames!.length, "a mask of whole frames or whole bins");
        bins!.fill(1, mask.firstBin, mask.endBin);
      }
    }
  }

  #blank(all: Float32Array, frame: number, { firstBin, endBin }: Mask): void {
    all.fill(1, frame * this.#bins + firstBin, frame * this.#bins + endBin);
  }

  /** Makes the group. Places that were not written hold older arrays; their results mean nothing. */
  run(): void {
    this.#program.run();
  }

  /** Result of place `i`; valid until the next run. */
  result(i: number): Float32Array {
    return this.#results[i]!;
  }

  /** Frees the program. */
  close(): void {
    this.#program.close();
  }
}
