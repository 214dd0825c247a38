import { UsageError, UserError } from "../base/errors.js";
import { PicoEngine } from "./pico_engine.js";
import type { Sound } from "./sound.js";
import { type PicoVoice, picoVoices } from "./voices.js";

/** How a text is spoken. */
export interface PicoOptions {
  voice: PicoVoice;
  /** Mean of the fundamental frequency relative to the voice's own, 0.5 to 2; default 1. */
  pitch?: number;
  /** Duration relative to the voice's own, 0.2 to 5; default 1. */
  stretch?: number;
  /** Take the text as phones of the CMU set ("y eh s") instead of words. */
  phones?: boolean;
}

const files: Record<PicoVoice, readonly string[]> = {
  "pico-us": ["en-US_ta.bin", "en-US_lh0_sg.bin"],
  "pico-gb": ["en-GB_ta.bin", "en-GB_kh0_sg.bin"],
};

/**
 * Phones of the CMU set in X-SAMPA (Wells 1995) as both voices know them, which leave out what they do not know: `_` ties what is one sound, and
 * a backslash is written twice. Words of one syllable said so have the same bits as the words themselves.
 */
const xsampa: Readonly<Record<string, string>> = Object.fromEntries(
  `aa A: | ae { | ah V | ao O: | aw a_U | ax @ | ay a_I | b b | ch t_S | d d | dh D | eh E | er 3: | ey e_I | f f | g g | hh h | ih I | iy i: | jh d_Z
   k k | l l | m m | n n | ng N | ow @_U | oy O_I | p p | r r\\\\ | s s | sh S | t t | th T | uh U | uw u: | v v | w w | y j | z z | zh Z`
    .split(/[|\n]/)
    .map((pair) => pair.trim().split(" ")),
);

/** What a voice says otherwise: the British "robin" has a rounded, short vowel. */
const ownPhones: Partial<Record<PicoVoice, Readonly<Record<string, string>>>> = { "pico-gb": { aa: "Q" } };

/** Loudness relative to the engine's own, per cent, which reaches full scale. */
const volume = 50;
const longestText = 1000;

const engines = new Map<PicoVoice, Promise<PicoEngine>>();

/**
 * Speaks a text with SVOX Pico (parametric synthesis, Apache-2.0) compiled to WebAssembly, in this thread: some 20 to 50 ms a word. A voice is
 * opened once a process or worker; every utterance starts from the same memory, so equal calls give equal samples.
 * @param text English words or phones, at most 1000 characters
 * @returns sound at 16 kHz with its pauses; silence for a text that has no English letters
 * @throws UserError for a text that cannot be spoken or where the engine is missing, UsageError for options out of range
 */
export async function picoSpeak(text: string, options: PicoOptions): Promise<Sound> {
  const { voice, phones = false } = options;
  if (!picoVoices.includes(voice)) throw new UsageError(`there is no voice '${voice}'; the voices are ${picoVoices.join(", ")}`);
  if (text.length > longestText)
    throw new UserError(`a text of ${text.length} characters is too long to speak; at most ${longestText}`);
  const pitch = Math.round(100 * within("pitch", options.pitch ?? 1, 0.5, 2));
  const speed = Math.round(100 / within("stretch", options.stretch ?? 1, 0.2, 5));
  const content = phones ? `<phoneme ph='${phonesOf(text, voice)}'/>` : wordsOf(text);
  const said = `<pitch level='${pitch}'><speed level='${speed}'><volume level='${volume}'>${content}</volume></speed></pitch>`;
  const samples = Float32Array.from((await engineOf(voice)).speak(said), (sample) => sample / 32_768);
  return { samples, sampleRate: 16_000 };
}

function engineOf(voice: PicoVoice): Promise<PicoEngine> {
  const opened = engines.get(voice) ?? PicoEngine.open(files[voice]);
  engines.set(voice, opened);
  return opened;
}

function within(name: string, value: number, low: number, high: number): number {
  if (!(value >= low && value <= high))
    throw new UsageError(`a ${name} of ${value} is out of range; it may be ${low} to ${high} times the voice's own`);
  return value;
}

/** Markup in a text would be heeded. */
function wordsOf(text: string): string {
  return text.replace(/[<>&"\\]/g, " ");
}

/** With the stress on the first syllable. */
function phonesOf(text: string, voice: PicoVoice): string {
  return text
    .trim()
    .split(/\s+/)
    .map((phone) => {
      const known = ownPhones[voice]?.[phone] ?? xsampa[phone];
      if (known === undefined)
        throw new UserError(`'${text}': the voice ${voice} has no sound for ${phone}; use phones of the CMU set`);
      return known;
    })
    .join(" ")
    .replace(/^/, '"');
}
