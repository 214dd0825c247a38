import { spawn } from "node:child_process";
import { UsageError, UserError } from "../base/errors.js";
import type { Sound } from "./sound.js";
import { decodeWav } from "./wav-reader.js";

/** How espeak-ng speaks. */
export interface EspeakOptions {
  /** Voice and variant, "en-us" or "en-gb+f3"; default "en-us". */
  voice?: string;
  /** 0 to 99, no unit; default 50. */
  pitch?: number;
  /** Words a minute, 80 to 450; default 175. */
  rate?: number;
  /** The program; default "espeak-ng". */
  program?: string;
}

const longestOutput = 64 * 2 ** 20;
const longestWait = 20_000;

/** Whether the user has espeak-ng. It is not part of earshot (GPL). */
export async function espeakAvailable(program = "espeak-ng"): Promise<boolean> {
  return run(program, ["--version"], "").then(
    () => true,
    () => false,
  );
}

/**
 * Speaks a text with an installed espeak-ng.
 * @returns sound at the program's rate, mostly 22050 Hz
 * @throws UserError where the program is missing or fails or says nothing, UsageError for options out of range
 */
export async function espeakSpeak(text: string, options: EspeakOptions = {}): Promise<Sound> {
  const { voice = "en-us", pitch = 50, rate = 175, program = "espeak-ng" } = options;
  if (!/^[\w+-]+$/.test(voice) || voice.startsWith("-")) throw new UsageError(`'${voice}' is no name of an espeak voice`);
  if (!(pitch >= 0 && pitch <= 99)) throw new UsageError(`an espeak pitch of ${pitch} is out of range; it may be 0 to 99`);
  if (!(rate >= 80 && rate <= 450)) throw new UsageError(`an espeak rate of ${rate} is out of range; it may be 80 to 450`);
  const settings = ["--stdout", "--stdin", "-v", voice, "-p", String(Math.round(pitch)), "-s", String(Math.round(rate))];
  const sound = decodeWav(await run(program, settings, text), `speech of ${program}`);
  if (!sound.samples.some((x) => Math.abs(x) > 1e-3)) throw new UserError(`'${text}' cannot be spoken: ${program} was silent`);
  return sound;
}

function run(program: string, settings: string[], input: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new UserError(`${program} failed: ${why}`));
    const child = spawn(program, settings, { stdio: ["pipe", "pipe", "pipe"], timeout: longestWait });
    const output: Buffer[] = [];
    let size = 0;
    let errors = "";
    child.on("error", (error) => fail(`${error.message}; install it or use the engine flite`));
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (part: Buffer) => {
      size += part.length;
      if (size > longestOutput) child.kill();
      else output.push(part);
    });
    child.stderr.on("data", (part: Buffer) => (errors = (errors + part.toString()).slice(0, 500)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output));
      else fail(signal ? `it was stopped after ${longestWait / 1000} s or too much output` : `code ${code}; ${errors.trim()}`);
    });
    child.stdin.end(input);
  });
}
