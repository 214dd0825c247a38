import { hashText, RandomStream } from "../base/random.js";
import type { FrontendDescription } from "../frontend/frontend.js";
import { FrontendRunner } from "./frontend_runner.js";
import { type RowShape, rowShape } from "./row_shape.js";

/** Background noise that is mixed into some recordings. */
export interface RowNoise {
  /** All recordings of noise one after another. */
  readonly samples: Float32Array;
  /** Factor of the noise. */
  readonly ratio: number;
  /** Share of the recordings that it is mixed into, evenly: 0.1 is every tenth. */
  readonly selection: number;
}

/** How recordings become rows; plain data: workers get a copy. */
export interface RowPlan {
  readonly frontend: FrontendDescription;
  /** Hz. */
  readonly rate: number;
  /** Frames of a row. */
  readonly window: number;
  /** Frames from one row to the next. */
  readonly shift: number;
  readonly noise?: RowNoise | undefined;
  /** Of what fills up the last row. */
  readonly seed: number;
  /** What computes. */
  readonly target: "oracle" | "wasm" | "native" | "auto";
}

/** A recording with its place among all recordings, on which its noise depends. */
export interface Recording {
  readonly place: number;
  readonly samples: Float32Array;
}

const fillKey = hashText("rows");

/** A row to be computed. */
interface Job {
  readonly recording: number;
  /** First frame in the recording. */
  readonly first: number;
  /** Frames that are not filled up. */
  readonly real: number;
}

/**
 * Cuts recordings into rows of frames as ELL's make_dataset does: a row begins every `shift` frames; a rest of more than a quarter row, or
 * one that is all there is, is filled up with its last frame and a little noise, or with featurized noise where noise is mixed in.
 * A row is a pure function of the plan, the recording and its place.
 */
export class RowMaker {
  readonly shape: RowShape;
  readonly #plan: RowPlan;
  readonly #runner: FrontendRunner;

  /** Use `RowMaker.open`. */
  constructor(plan: RowPlan, shape: RowShape, runner: FrontendRunner) {
    this.#plan = plan;
    this.shape = shape;
    this.#runner = runner;
  }

  static async open(plan: RowPlan): Promise<RowMaker> {
    const shape = rowShape(plan.frontend, plan.window, plan.rate);
    const arrayShape: [number, number] = [shape.lead + shape.window, shape.bins];
    const frontend = { fromAudio: shape.graph, arrayShape, featureShape: arrayShape };
    return new RowMaker(plan, shape, await FrontendRunner.open(frontend, shape.samples, plan.target));
  }

  /** Samples of a recording that is one row. */
  get clipSamples(): number {
    const { skipped, window, hop, lead, samples } = this.shape;
    return lead > 0 ? skipped + window * hop : samples;
  }

  /** Values of a row. */
  get width(): number {
    return this.shape.window * this.shape.bins;
  }

  /**
   * Rows of each recording, [rows, width] one after another; rows with a sample or a value that is no number are left out.
   */
  make(recordings: readonly Recording[]): Float32Array[] {
    const sounds = recordings.map((recording) => this.#mixed(recording));
    const jobs = recordings.flatMap(({ samples }, recording) => this.#jobs(samples.length, recording));
    const rows = recordings.map(() => [] as Float32Array[]);
    const group = this.#runner.group;
    for (let from = 0; from < jobs.length; from += group) {
      const members = jobs.slice(from, from + group);
      for (const [i, job] of members.entries()) this.#cut(sounds[job.recording] as Float32Array, job, this.#runner.audio(i));
      this.#runner.run();
      for (const [i, job] of members.entries()) {
        const row = this.#runner.result(i).slice(this.shape.lead * this.shape.bins);
        const { place, samples } = recordings[job.recording] as Recording;
        if ((sounds[job.recording] as Float32Array).length === samples.length) this.#fillUp(row, job, place);
        if (row.every(Number.isFinite) && this.#runner.audio(i).every(Number.isFinite))
          (rows[job.recording] as Float32Array[]).push(row);
      }
    }
    return rows.map((list) => joined(list, this.width));
  }

  /** Frees the program. */
  close(): void {
    this.#runner.close();
  }

  #jobs(samples: number, recording: number): Job[] {
    const { window, shift } = this.#plan;
    const frames = this.shape.framesOf(samples);
    const jobs: Job[] = [];
    let first = 0;
    for (; first + window <= frames; first += shift) jobs.push({ recording, first, real: window });
    const rest = frames - first;
    if (rest > 0 && (rest > window / 4 || jobs.length === 0)) jobs.push({ recording, first, real: rest });
    return jobs;
  }

  /** The recording with its noise, which goes on behind its end for a row. */
  #mixed({ place, samples }: Recording): Float32Array {
    const { noise } = this.#plan;
    if (noise === undefined || noise.samples.length === 0) return samples;
    // The selected ones before this one, and whether it is one.
    const before = Math.floor(place * noise.selection);
    if (Math.floor((place + 1) * noise.selection) <= before) return samples;
    const mixed = new Float32Array(samples.length + this.shape.samples);
    mixed.set(samples);
    const length = noise.samples.length;
    let at = (before * (this.shape.skipped + this.shape.window * this.shape.hop)) % length;
    for (let i = 0; i < mixed.length; i++) {
      // Saturates as 16-bit samples do.
      mixed[i] = Math.min(32767 / 32768, Math.max(-1, (mixed[i] as number) + noise.ratio * (noise.samples[at] as number)));
      at = at + 1 === length ? 0 : at + 1;
    }
    return mixed;
  }

  /** The samples of a row with those before it; what is left out and what was never recorded are zeros. */
  #cut(sound: Float32Array, { first }: Job, out: Float32Array): void {
    const { hop, skipped, lead } = this.shape;
    const start = skipped + (first - lead) * hop;
    const from = Math.max(start, skipped);
    const part = sound.subarray(Math.min(from, sound.length), Math.max(0, Math.min(start + out.length, sound.length)));
    out.fill(0);
    out.set(part, from - start);
  }

  #fillUp(row: Float32Array, { first, real }: Job, place: number): void {
    const { window, bins } = this.shape;
    if (real >= window) return;
    const last = row.subarray((real - 1) * bins, real * bins);
    const mean = last.reduce((sum, x) => sum + x, 0) / bins;
    const deviation = Math.sqrt(last.reduce((sum, x) => sum + (x - mean) ** 2, 0) / bins);
    for (let frame = real; frame < window; frame++) {
      const random = new RandomStream(this.#plan.seed, fillKey, place, first + frame);
      for (let i = 0; i < bins; i++) row[frame * bins + i] = (last[i] as number) + (deviation / 2) * random.normal();
    }
  }
}

function joined(rows: readonly Float32Array[], width: number): Float32Array {
  const all = new Float32Array(rows.length * width);
  rows.forEach((row, i) => all.set(row, i * width));
  return all;
}
