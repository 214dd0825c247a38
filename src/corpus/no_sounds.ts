import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../base/errors.js";
import { listSounds, type RecordingKind } from "./scan.js";

/** The error of a folder that was given as a data set and has no folder with recordings: what it seems to be instead. */
export function noSounds(root: string, kind: RecordingKind = "sound"): UserError {
  if (existsSync(join(root, "features.npy")))
    return new UserError(
      `${root}: this is a feature archive, not a folder of sounds; train and evaluate take it with --features`,
    );
  const [loose] = listSounds(root, kind);
  const expected = `expected one folder a word, such as ${join(root, "yes", "a.wav")}`;
  if (loose === undefined) return new UserError(`${root}: there are no sound files in its folders; ${expected}`);
  return new UserError(
    `${root}: its sounds, such as ${loose}, are in no folder of a word; ${expected}; where ${root} is the folder of one word, give the folder above`,
  );
}
