import { existsSync, readdirSync } from "node:fs";
import { Argument, type Command, InvalidArgumentError } from "commander";
import { Progress } from "../base/progress.js";
import { interruptible } from "./interrupt.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";

interface GetOptions extends CommonOptions {
  out?: string;
  url?: string;
  sha256?: string;
  keepArchive?: boolean;
}

const MEGABYTE = 1e6;

/** `earshot data get`: downloads Speech Commands and unpacks it. */
export function register(data: Command): void {
  data
    .command("get")
    .description("Download Speech Commands and unpack it. An interrupted download goes on where it stopped.")
    .addArgument(new Argument("[version]", "v1 (1.5 GB, 30 words) or v2 (2.4 GB, 35 words)").choices(["v1", "v2"]).default("v2"))
    .option("-o, --out <folder>", "where to unpack (default: data/speech_commands_v0.02, or v0.01)")
    .option("--url <address>", "get another .tar.gz in the same layout from here")
    .option("--sha256 <hex>", "checksum that the archive must have (default: the published one)", checksum)
    .option("--keep-archive", "keep the archive beside the folder")
    .option("--json", "print one JSON object")
    .action(get);
}

async function get(version: "v1" | "v2", options: GetOptions): Promise<void> {
  const { getSpeechCommands } = await import("../corpus/speech_commands.js");
  const { UserError } = await import("../base/errors.js");
  const number = version === "v1" ? 1 : 2;
  const folder = options.out ?? `data/speech_commands_v0.0${number}`;
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UserError(`${folder}: the folder is not empty; choose another one with --out`);
  }
  const progress = new DownloadProgress();
  const { url, sha256, keepArchive } = options;
  const unpacked = await interruptible(
    (signal) =>
      getSpeechCommands(folder, {
        version: number,
        url,
        sha256,
        keepArchive,
        signal,
        onProgress: (done, total) => progress.download(done, total),
        onUnpack: (files) => progress.unpack(files),
      }),
    "the same command goes on where it stopped",
  ).finally(() => progress.end());
  if (options.json === true) printJson({ folder, ...unpacked });
  else printText(`${folder}: ${unpacked.files} files, ${(unpacked.bytes / MEGABYTE).toFixed(1)} MB`);
  printNext(`earshot data check ${shellWord(folder)}`, options);
}

function checksum(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text;
  throw new InvalidArgumentError("It must be 64 hexadecimal digits.");
}

/** The live line of a download and of the unpacking after it. */
class DownloadProgress {
  #line: Progress | undefined;
  #resumedAt = 0;
  #unpacking = false;

  /** Bytes that an earlier attempt left are no work of this one: they must not count in the rate. */
  download(done: number, total: number | undefined): void {
    if (total === undefined) return;
    if (this.#line === undefined) {
      this.#resumedAt = done;
      this.#line = new Progress("downloading", megabytes(total - done), "MB");
    }
    this.#line.update(
      megabytes(done - this.#resumedAt),
      this.#resumedAt > MEGABYTE ? `${megabytes(this.#resumedAt)} MB were there` : "",
    );
  }

  unpack(files: number): void {
    if (!this.#unpacking) {
      this.end();
      process.stderr.write(process.stderr.isTTY ? "unpacking\n" : "");
    }
    this.#unpacking = true;
    if (process.stderr.isTTY && files % 1000 === 0) process.stderr.write(`\r${files} files`);
  }

  end(): void {
    this.#line?.end();
    this.#line = undefined;
    if (this.#unpacking && process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / MEGABYTE);
