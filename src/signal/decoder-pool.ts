import { FormatError, UserError } from "../base/errors.js";
import { Mixdown } from "./mixdown.js";
import { checkDuration } from "./sound.js";
import type { SoundLimits } from "./sound.js";

/** What the WebAssembly decoders have in common. */
export interface BlockDecoder {
  ready: Promise<unknown>;
  free(): void | Promise<void>;
}

/** Samples of one call: one array a channel. */
export interface DecodedBlock {
  channelData: Float32Array[];
  samplesDecoded: number;
  sampleRate: number;
  errors: { message: string; inputBytes: number }[];
}

/** Decoders that are ready for another file: starting one takes longer than decoding a one-second clip. */
export class DecoderPool<Decoder extends BlockDecoder> {
  readonly #make: () => Decoder;
  readonly #idle: Decoder[] = [];

  constructor(make: () => Decoder) {
    this.#make = make;
  }

  async take(): Promise<Decoder> {
    const decoder = this.#idle.pop() ?? this.#make();
    await decoder.ready;
    return decoder;
  }

  give(decoder: Decoder): void {
    if (this.#idle.length < 4) this.#idle.push(decoder);
    else void decoder.free();
  }
}

interface BlockOptions<Decoder> {
  /** File name for messages. */
  name: string;
  /** Decodes the file piece by piece; afterwards the decoder is ready for another file. */
  blocks(decoder: Decoder): AsyncGenerator<DecodedBlock>;
  /** Samples a channel, where that is known. */
  expected?: number;
  limits: SoundLimits;
  /** In Hz, for the duration limit. */
  sampleRate: number;
  /** Applied to every sample before mixing. */
  scale: (value: number) => number;
}

/**
 * Decodes a file in steps, so that the limit stops a file that unpacks to more than it claims.
 * @throws FormatError where the decoder meets damage, UserError where the limit is passed
 */
export async function decodeBlocks<Decoder extends BlockDecoder>(
  pool: DecoderPool<Decoder>,
  options: BlockOptions<Decoder>,
): Promise<Mixdown> {
  const { name, blocks, expected, limits, sampleRate, scale } = options;
  const mix = new Mixdown(expected);
  const decoder = await pool.take();
  const accept = (block: DecodedBlock): void => {
    const fault = block.errors[0];
    if (fault) throw damaged(name, `byte ${fault.inputBytes}`, fault.message);
    checkDuration(name, mix.length + block.samplesDecoded, sampleRate, limits);
    mix.add(block.channelData, block.samplesDecoded, scale);
  };
  try {
    const steps = blocks(decoder);
    for (let step = await quietly(() => steps.next()); !step.done; step = await quietly(() => steps.next())) accept(step.value);
  } catch (error) {
    await discard(decoder);
    if (error instanceof UserError) throw error;
    throw damaged(name, "its frames", error instanceof Error ? error.message : String(error));
  }
  pool.give(decoder);
  if (mix.length === 0) throw damaged(name, "its frames", "no samples");
  return mix;
}

/** Frees a decoder whose state is unknown: where that fails too, its memory goes with the object. */
export async function discard(decoder: BlockDecoder): Promise<void> {
  try {
    await decoder.free();
  } catch {
    return;
  }
}

/** The error for a file in which a decoder met damage. */
export function damaged(name: string, place: string, found: string): FormatError {
  return new FormatError(name, place, found.replace(/\s+/g, " ").trim(), "the file is damaged or cut off; copy it again");
}

/** The decoders print what they also report; what is reported is enough. Only the synchronous part is silenced, so nobody else is. */
export function quietly<T>(work: () => T): T {
  const print = console.error;
  console.error = () => undefined;
  try {
    return work();
  } finally {
    console.error = print;
  }
}
