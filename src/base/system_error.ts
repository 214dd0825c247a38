import { UserError } from "./errors.js";

/** What the operating system's codes mean to a user. */
const meanings: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "is a folder, not a file",
  ENOTDIR: "is a file, not a folder",
  EEXIST: "exists already",
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the quota of the disk is used up",
  EFBIG: "the file is larger than the file system allows",
  EIO: "the disk failed",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open",
  ENOTEMPTY: "the folder is not empty",
};

/** What a user can do about it. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "make room on it",
  EDQUOT: "make room on it",
  EFBIG: "take another disk",
  EIO: "check the disk, or take another",
  EACCES: "allow writing there, or choose another folder",
  EPERM: "allow writing there, or choose another folder",
  EROFS: "choose another folder",
  ENOTDIR: "choose another path",
  EISDIR: "choose another path",
};

/** The system's code of an error, such as "ENOSPC"; undefined for errors that are not the system's. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** The meaning of a system's code in words; undefined where it is not a known one. */
export function meaningOf(code: string): string | undefined {
  return Object.hasOwn(meanings, code) ? meanings[code] : undefined;
}

/** Why the system refused, in words with its code: "no space is left on the disk (ENOSPC)". */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  const meaning = code === undefined ? undefined : meaningOf(code);
  if (meaning !== undefined) return `${meaning} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** What can be done where writing was refused: "make room on it". */
export function systemRemedy(error: unknown): string {
  const code = systemCode(error) ?? "";
  return Object.hasOwn(remedies, code) ? remedies[code] : "choose another place";
}

/** The error for a file or folder that the system did not let be written. */
export function unwritable(path: string, error: unknown): UserError {
  return new UserError(`${path} could not be written: ${systemReason(error)}; ${systemRemedy(error)}`, { cause: error });
}
