import { execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../base/errors.js";

/** A program that records from ALSA. */
interface Recorder {
  name: string;
  /** Arguments for mono samples of 16 bits, little-endian, on standard output. */
  args(rate: number, device: string | undefined): string[];
}

const recorders: readonly Recorder[] = [
  {
    name: "arecord",
    args: (rate, device) => `-q -t raw -f S16_LE -c 1 -r ${rate}`.split(" ").concat(device === undefined ? [] : ["-D", device]),
  },
  {
    name: "sox",
    args: (rate, device = "default") =>
      ["-q", "-t", "alsa", device].concat(`-t raw -e signed-integer -b 16 -L -c 1 -r ${rate} -`.split(" ")),
  },
  {
    name: "ffmpeg",
    args: (rate, device = "default") =>
      ["-nostdin", "-loglevel", "error", "-f", "alsa", "-i", device].concat(`-ac 1 -ar ${rate} -f s16le -`.split(" ")),
  },
];

/** What a program says of itself is cut to this. */
const longestReason = 300;
/** Most devices named in a message. */
const mostNamed = 20;
const listTimeout = 5000;

/**
 * Records from the microphone with the first of arecord, sox and ffmpeg that is installed, until the caller stops.
 * @param rate Hz
 * @param device ALSA's name of it; default ALSA's own default
 * @param signal ends the recording
 * @returns mono samples of 16 bits, little-endian
 * @throws UserError where no such program is installed, or the device does not exist: then those that exist are named
 */
export async function* capture(rate: number, device?: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const recorder = recorders.find(({ name }) => isInstalled(name));
  if (recorder === undefined)
    throw new UserError(
      "there is no program that records; install arecord (package alsa-utils), sox or ffmpeg, or give a file or a pipe with --input",
    );
  const child = spawn(recorder.name, recorder.args(rate, device), {
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C is for us; the recorder is ended in turn.
    detached: true,
  });
  const end = (): void => void child.kill();
  signal?.addEventListener("abort", end);
  let reason = "";
  child.stderr.on("data", (text: Buffer) => {
    reason = (reason + text.toString()).slice(0, longestReason);
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", (error) => {
      reason ||= error.message;
      resolve(1);
    });
    child.on("close", resolve);
  });
  try {
    for await (const bytes of child.stdout) yield bytes as Uint8Array;
    const code = await ended;
    if (code !== 0 && signal?.aborted !== true) throw await refused(recorder.name, reason, device);
  } finally {
    signal?.removeEventListener("abort", end);
    child.kill();
  }
}

async function refused(program: string, reason: string, device: string | undefined): Promise<UserError> {
  const devices = await inputDevices();
  const shown = devices.slice(0, mostNamed).join(", ");
  const more = devices.length > mostNamed ? ` and ${devices.length - mostNamed} more` : "";
  const remedy =
    devices.length === 0
      ? "this machine has no input device; give a file or a pipe with --input"
      : `choose one with --device: ${shown}${more}`;
  const said = reason.trim().split("\n")[0] || "it ended at once";
  return new UserError(
    `the microphone${device === undefined ? "" : ` '${device}'`} cannot be opened (${program}: ${said}); ${remedy}`,
  );
}

/** ALSA's names of the input devices that exist. */
export async function inputDevices(): Promise<string[]> {
  if (isInstalled("arecord")) {
    const listed = await promisify(execFile)("arecord", ["-L"], { timeout: listTimeout }).catch(() => undefined);
    // A name stands at the begin of its line, what it means is indented. `null` records silence.
    const names = listed?.stdout.split("\n").filter((line) => /^\S/.test(line) && line !== "null") ?? [];
    if (names.length > 0) return names;
  }
  // "00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1"
  const table = await readFile("/proc/asound/pcm", "utf8").catch(() => "");
  return table.split("\n").flatMap((line) => {
    const found = /^(\d+)-(\d+):.*capture/.exec(line);
    return found === null ? [] : [`plughw:${Number(found[1])},${Number(found[2])}`];
  });
}

function isInstalled(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}
