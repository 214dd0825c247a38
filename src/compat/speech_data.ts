import { existsSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import { UserError } from "../base/errors.js";
import { getSpeechCommands } from "../corpus/speech_commands.js";
import type { ProgramContext } from "./program.js";

/** The address that the originals name; it leads to the archive whose checksum is known. */
const published = /^https?:\/\/download\.tensorflow\.org\/data\/speech_commands_v0\.0([12])\.tar\.gz$/;

/**
 * Sees to it that a data set is there, as the originals' `maybe_download_and_extract_dataset`; what is there already is not unpacked again.
 * @param url archive that is fetched where the folder is missing or empty; "" for none
 * @throws UserError where the folder is missing and nothing may be fetched, or the download fails
 */
export async function ensureSpeechData(folder: string, url: string, { print, signal }: ProgramContext): Promise<void> {
  if (existsSync(folder) && readdirSync(folder).length > 0) return;
  if (url === "") throw new UserError(`${folder}: there is no data set in this folder, and --data_url names none to fetch`);
  const version = published.exec(url)?.[1];
  const file = basename(url);
  let tenths = -1;
  await getSpeechCommands(folder, {
    ...(version === undefined ? { url } : { version: Number(version) as 1 | 2 }),
    signal,
    onProgress: (done, total) => {
      const now = total === undefined ? tenths : Math.floor((10 * done) / total);
      if (now === tenths) return;
      tenths = now;
      print(`Downloading ${file} ${10 * now}%`);
    },
  });
  print(`Untarring ${file}...`);
}
