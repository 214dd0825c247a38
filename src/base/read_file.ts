import { open } from "node:fs/promises";
import { UserError } from "./errors.js";
import { systemReason } from "./system_error.js";

const pieceBytes = 1 << 20;

/**
 * Reads a file, a pipe or a device to its end, but never more than `most` bytes: the size that a device or a growing file tells means
 * nothing.
 * @param remedy what the user can do about a file that is too long
 * @throws UserError where it cannot be read or is too long
 */
export async function readBounded(path: string, most: number, remedy: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > most) throw tooLong(path, `the file has ${size} bytes`, most, remedy);
      // One byte more than the size tells the end from a file that goes on.
      let bytes: Uint8Array = new Uint8Array(Math.min(size, most) + 1);
      for (let done = 0; ; ) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done);
        done += bytesRead;
        if (bytesRead === 0) return bytes.subarray(0, done);
        if (done > most) throw tooLong(path, `the file has more than ${most} bytes`, most, remedy);
        if (done === bytes.length) bytes = enlarged(bytes, most);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error });
  }
}

function enlarged(bytes: Uint8Array, most: number): Uint8Array {
  const larger = new Uint8Array(Math.min(most + 1, bytes.length + Math.max(pieceBytes, bytes.length)));
  larger.set(bytes);
  return larger;
}

function tooLong(path: string, found: string, most: number, remedy: string): UserError {
  return new UserError(`${path}: ${found} and at most ${most} are read; ${remedy}`);
}
