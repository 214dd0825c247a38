import { FormatError, UserError } from "../base/errors.js";
import { Mixdown } from "./mixdown.js";
import { checkDuration } from "./sound.js";
import type { SoundLimits } from "./sound.js";

/** What the WebAssembly decoders have in common. */
export interface BlockDecoder {
  ready: Promise<unknown>;
  free(): void | Promise<void>;
  decode(data: Uint8Array): DecodedBlock | Promise<DecodedBlock>;
  flush(): Promise<DecodedBlock>;
}

/** Samples of one call: one array a channel. */
export interface DecodedBlock {
  channelData: Float32Array[];
  samplesDecoded: number;
  sampleRate: number;
  errors: { message: string; inputBytes: number }[];
}

/** Decoders that are ready for another file: starting one takes longer than decoding a one-second clip. */
export class DecoderPool {
  readonly #make: () => BlockDecoder;
  readonly #idle: BlockDecoder[] = [];

  constructor(make: () => BlockDecoder) {
    this.#make = make;
  }

  async take(): Promise<BlockDecoder> {
    const decoder = this.#idle.pop() ?? this.#make();
    await decoder.ready;
    return decoder;
  }

  give(decoder: BlockDecoder): void {
    if (this.#idle.length < 4) this.#idle.push(decoder);
    else void decoder.free();
  }
}

interface BlockOptions {
  /** File name for messages. */
  name: string;
  /** Bytes decoded at a time. */
  step: number;
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
export async function decodeBlocks(pool: DecoderPool, bytes: Uint8Array, options: BlockOptions): Promise<Mixdown> {
  const { name, step, limits, sampleRate, scale } = options;
  const mix = new Mixdown();
  const decoder = await pool.take();
  const accept = (block: DecodedBlock): void => {
    const fault = block.errors[0];
    if (fault) throw damaged(name, `byte ${fault.inputBytes}`, fault.message);
    checkDuration(name, mix.length + block.samplesDecoded, sampleRate, limits);
    mix.add(block.channelData, block.samplesDecoded, scale);
  };
  try {
    for (let at = 0; at < bytes.length; at += step) accept(await quietly(() => decoder.decode(bytes.subarray(at, at + step))));
    accept(await quietly(() => decoder.flush()));
  } catch (error) {
    // Its state is unknown now.
    void Promise.resolve(decoder.free()).catch(() => undefined);
    if (error instanceof UserError) throw error;
    throw damaged(name, "its frames", error instanceof Error ? error.message : String(error));
  }
  pool.give(decoder);
  if (mix.length === 0) throw damaged(name, "its frames", "no samples");
  return mix;
}

function damaged(name: string, place: string, found: string): FormatError {
  return new FormatError(name, place, found.replace(/\s+/g, " ").trim(), "the file is damaged or cut off; copy it again");
}

/** The decoders print what they also report; what is reported is enough. Only the synchronous part is silenced, so nobody else is. */
function quietly<T>(work: () => T): T {
  const print = console.error;
  console.error = () => undefined;
  try {
    return work();
  } finally {
    console.error = print;
  }
}
