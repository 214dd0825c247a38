import { existsSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError, UserError } from "../base/errors.js";
import type { DownloadOptions } from "./download.js";
import { downloadFile, fileSha256 } from "./download.js";
import type { Unpacked } from "./unpack.js";
import { unpackTarGz } from "./unpack.js";

/** A published archive of a data set. */
export interface PublishedArchive {
  url: string;
  /** Hex. */
  sha256: string;
}

const base = "https://storage.googleapis.com/download.tensorflow.org/data/";

/** Speech Commands (Warden 2018, CC BY 4.0) by version. Checksums as torchaudio's data set lists them. */
export const speechCommandsArchives: Readonly<Record<1 | 2, PublishedArchive>> = {
  1: { url: `${base}speech_commands_v0.01.tar.gz`, sha256: "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d" },
  2: { url: `${base}speech_commands_v0.02.tar.gz`, sha256: "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58" },
};

/** What is fetched, and to where. */
export interface GetOptions extends DownloadOptions {
  /** Version of Speech Commands. Default 2. */
  version?: 1 | 2 | undefined;
  /** Another address of a .tar.gz; its checksum is only checked where `sha256` is given. */
  url?: string | undefined;
  /** Whether the archive is kept beside the folder. Default false. */
  keepArchive?: boolean | undefined;
  /** Called for each file unpacked with files and bytes so far. */
  onUnpack?: ((files: number, bytes: number) => void) | undefined;
}

/**
 * Downloads and unpacks a data set. An interrupted download is continued; an archive that lies beside the folder already is used.
 * @param folder new or empty; the archive is put beside it
 * @throws UserError, FormatError: see `downloadFile` and `unpackTarGz`
 */
export async function getSpeechCommands(folder: string, options: GetOptions = {}): Promise<Unpacked> {
  const version = options.version ?? 2;
  const published = speechCommandsArchives[version];
  if (published === undefined) throw new UsageError(`there is no version ${version} of Speech Commands; choose 1 or 2`);
  const url = options.url ?? published.url;
  const sha256 = options.sha256 ?? (options.url === undefined ? published.sha256 : undefined);
  const archive = join(folder, "..", archiveName(url));
  if (existsSync(archive)) await checkExisting(archive, sha256);
  else await downloadFile(url, archive, { ...options, sha256 });
  const unpacked = await unpackTarGz(archive, folder, { onProgress: options.onUnpack });
  if (options.keepArchive !== true) rmSync(archive, { force: true });
  return unpacked;
}

function archiveName(url: string): string {
  const name = URL.canParse(url) ? basename(new URL(url).pathname) : "";
  return /^[\w][\w.-]*\.(tar\.gz|tgz)$/.test(name) ? name : "dataset.tar.gz";
}

async function checkExisting(archive: string, sha256: string | undefined): Promise<void> {
  if (sha256 === undefined || (await fileSha256(archive)) === sha256.toLowerCase()) return;
  throw new UserError(`${archive}: this archive is there already but its checksum is wrong; remove it and run the command again`);
}
