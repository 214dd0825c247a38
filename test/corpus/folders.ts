import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encodeWav } from "../../src/signal/wav.js";

/** A new temporary folder, removed when the run of the tests ends (`test/temporary_files.ts`). */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "earshot-corpus-"));
}

/** A tone with a little ramp, so that every clip is a sound of its own. */
export function tone(samples: number, frequency: number, volume = 0.5, rate = 16000): Float32Array {
  return Float32Array.from(
    { length: samples },
    (_, i) => volume * Math.sin((2 * Math.PI * frequency * i) / rate) * (0.5 + i / samples / 2),
  );
}

/** Writes a WAV file, with the folders above it. */
export function writeWav(path: string, samples: Float32Array, sampleRate = 16000): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeWav({ samples, sampleRate }));
}

/** Writes empty files that look like sound: for tests that only look at names. */
export function writeNames(root: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), "");
  }
}

/** Unpacked ../shared/data, where the machine has it. */
export const dataFolder = process.env.EARSHOT_DATA ?? "EARSHOT_DATA is not set";
