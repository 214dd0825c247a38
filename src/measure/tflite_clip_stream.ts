import { UserError } from "../base/errors.js";
import type { Posterior } from "../detect/model_stream.js";
import { type LiteRtArray, type LiteRtKernels, type LiteRtModel, type LiteRtTensor, openLiteRt } from "../formats/litert.js";
import { readTfliteFile } from "../formats/tflite/read/file.js";
import { readTfliteMetadata, type TfliteMetadata } from "../formats/tflite/metadata.js";
import { sizeOf } from "../graph/types.js";
import type { ClipStream } from "./clip_stream.js";
import { softmaxRows } from "./spotter_model.js";

type StreamNote = NonNullable<TfliteMetadata["stream"]>;

/**
 * A streaming .tflite file that takes and gives float32, as `exportTflite` writes it, in LiteRT: its states, float32 or 8-bit integers, are
 * carried from step to step and set back as its metadata say. One that keeps its states itself is loaded anew where it shall forget them.
 * @param rate units (samples, or frames of features) a second
 * @param clip units of a clip
 * @throws UserError where the file does not stream, or LiteRT refuses it
 */
export async function openTfliteClipStream(
  bytes: Uint8Array,
  file: string,
  { rate, clip, kernels }: { rate: number; clip: number; kernels?: LiteRtKernels },
): Promise<ClipStream> {
  const { stream, outputs } = readTfliteMetadata(bytes, file) ?? {};
  if (stream === undefined) throw new UserError(`${file}: does not say how it streams; write it with earshot`);
  const open = () => openLiteRt(bytes, file, kernels);
  const [network] = readTfliteFile(bytes, file).subgraphs;
  const remembers = network?.operators.some(({ code }) => code === "VAR_HANDLE") === true;
  const zeroPoints = new Map(network?.tensors.map(({ name, quantization }) => [name, quantization?.zeroPoint[0] ?? 0]));
  const known = { rate, clip, isLogits: outputs === "logits", zeroPoints };
  return new TfliteClipStream(await open(), stream, known, remembers ? open : undefined);
}

interface Known {
  readonly rate: number;
  readonly clip: number;
  readonly isLogits: boolean;
  /** What stands for 0 in tensors of integers, by name. */
  readonly zeroPoints: ReadonlyMap<string, number>;
}

/** What a state begins with. */
function beginningOf({ name, shape, dtype }: LiteRtTensor, zeroPoints: Known["zeroPoints"]): LiteRtArray {
  const size = sizeOf(shape);
  if (dtype === "int8") return new Int8Array(size).fill(zeroPoints.get(name) ?? 0);
  return dtype === "uint8" ? new Uint8Array(size).fill(zeroPoints.get(name) ?? 0) : new Float32Array(size);
}

class TfliteClipStream implements ClipStream {
  readonly rate: number;
  readonly hop: number;
  readonly late: number;
  #runtime: LiteRtModel;
  /** Loads the file anew, where it keeps states. */
  readonly #reopen: (() => Promise<LiteRtModel>) | undefined;
  readonly #note: StreamNote;
  readonly #states: readonly LiteRtTensor[];
  readonly #values = new Map<string, LiteRtArray>();
  readonly #chunk: Float32Array;
  /** Elements of a unit. */
  readonly #width: number;
  readonly #isLogits: boolean;
  readonly #zeroPoints: Known["zeroPoints"];
  #filled = 0;
  #step = 0;
  /** Whether the file has run since it was loaded. */
  #hasRun = false;

  constructor(
    runtime: LiteRtModel,
    note: StreamNote,
    { rate, clip, isLogits, zeroPoints }: Known,
    reopen: (() => Promise<LiteRtModel>) | undefined,
  ) {
    const [input, ...states] = runtime.inputs;
    this.#runtime = runtime;
    this.#reopen = reopen;
    this.#note = note;
    this.#states = states;
    this.#chunk = new Float32Array(sizeOf((input as LiteRtTensor).shape));
    this.#width = this.#chunk.length / note.chunk;
    this.#isLogits = isLogits;
    this.#zeroPoints = zeroPoints;
    this.rate = rate;
    this.hop = note.resultStride / rate;
    // Result 0 is about the clip at the stream's beginning: what it needs beyond the clip is the delay.
    this.late = note.resultLatest + 1 - clip + note.chunk + note.resultStride;
    this.reset();
  }

  reset(): void {
    this.#values.clear();
    this.#step = 0;
    this.#chunk.fill(0);
    this.#filled = this.#note.lead * this.#width;
  }

  async feed(elements: Float32Array): Promise<Posterior[]> {
    const found: Posterior[] = [];
    for (let at = 0; at < elements.length; ) {
      const count = Math.min(this.#chunk.length - this.#filled, elements.length - at);
      this.#chunk.set(elements.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#chunk.length) found.push(...(await this.#run()));
    }
    return found;
  }

  async #run(): Promise<Posterior[]> {
    if (this.#step === 0 && this.#hasRun && this.#reopen) {
      this.#runtime.close();
      this.#runtime = await this.#reopen();
    }
    this.#hasRun = true;
    for (const state of this.#states)
      if (!this.#values.has(state.name) || this.#note.starts[state.name] === this.#step)
        this.#values.set(state.name, beginningOf(state, this.#zeroPoints));
    const states = this.#states.map(({ name }) => this.#values.get(name) as LiteRtArray);
    const results = await this.#runtime.run([this.#chunk, ...states]);
    this.#runtime.outputs.forEach(({ name }, i) => {
      if (name.endsWith("_next")) this.#values.set(name.slice(0, -"_next".length), results[i] as LiteRtArray);
    });
    this.#filled = 0;
    this.#step++;
    return this.#due(results[this.#runtime.outputs.findIndex(({ name }) => !name.endsWith("_next"))] as Float32Array);
  }

  /** The rows of the scores that are about a clip of the stream: those of the first steps are about what came before it. */
  #due(scores: Float32Array): Posterior[] {
    const { chunk, lead, resultLatest, resultStride } = this.#note;
    const heard = this.#step * chunk - lead;
    const end = Math.floor((heard - 1 - resultLatest) / resultStride) + 1;
    const rows = chunk / resultStride;
    const width = scores.length / rows;
    if (this.#isLogits) softmaxRows(scores, width);
    return Array.from({ length: rows }, (_, row) => ({ row, result: end - rows + row }))
      .filter(({ result }) => result >= 0)
      .map(({ row, result }) => ({
        time: heard / this.rate,
        begin: (result * resultStride) / this.rate,
        scores: scores.slice(row * width, (row + 1) * width),
      }));
  }

  close(): void {
    this.#runtime.close();
  }
}
