// Files of labelled frames: NAME.frames (u8 log-mel, shape [n, 98, 53]) and NAME.phones (u8, the phone of each frame, shape [n, 98]).
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export const frames = 98;
export const bins = 53;

export class FrameWriter {
  #frames;
  #phones;

  /** @param {string} path without the ending */
  constructor(path) {
    this.#frames = openSync(`${path}.frames`, "w");
    this.#phones = openSync(`${path}.phones`, "w");
  }

  /** Appends one second: values [frames * bins], rounded and limited to bytes, and phones [frames]. */
  append(values, phones) {
    writeSync(
      this.#frames,
      Uint8Array.from(values, (value) => Math.max(0, Math.min(255, Math.round(value)))),
    );
    writeSync(this.#phones, Uint8Array.from(phones));
  }

  close() {
    closeSync(this.#frames);
    closeSync(this.#phones);
  }
}

/** All files of a folder, in the order of their names. */
export function readFrames(folder) {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".frames"))
    .map((file) => file.slice(0, -".frames".length))
    .toSorted();
  const values = Buffer.concat(names.map((name) => readFileSync(join(folder, `${name}.frames`))));
  const phones = Buffer.concat(names.map((name) => readFileSync(join(folder, `${name}.phones`))));
  return { values, phones, count: phones.length / frames };
}
