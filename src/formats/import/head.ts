import { open } from "node:fs/promises";
import { UserError } from "../../base/errors.js";
import { systemCode, systemReason } from "../../base/system_error.js";

const headBytes = 512;

/**
 * First bytes of a file; none where there is a folder or no file of exactly this name, which a checkpoint's prefix has.
 * @throws UserError where the file cannot be read
 */
export async function headOf(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const bytes = new Uint8Array(headBytes);
      const { bytesRead } = await file.read(bytes, 0, headBytes, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (["ENOENT", "EISDIR"].includes(systemCode(error) ?? "")) return new Uint8Array(0);
    throw new UserError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error });
  }
}
