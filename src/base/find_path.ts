import { type Stats, statSync } from "node:fs";
import { UserError } from "./errors.js";
import { systemReason } from "./system_error.js";

/** Nothing can be there: a file stands where a folder would have to be, no file can have the name, or links lead in a circle. */
const impossible = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "ERR_INVALID_ARG_VALUE"]);

/**
 * What a path of the user's leads to.
 * @returns undefined where there is nothing, or cannot be
 * @throws UserError where the system does not let it be looked at
 */
export function findPath(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (impossible.has(String((error as { code?: unknown }).code))) return undefined;
    throw new UserError(`${path} cannot be looked at: ${systemReason(error)}; check the path and who may read it`, {
      cause: error,
    });
  }
}
