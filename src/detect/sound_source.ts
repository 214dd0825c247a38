import { createReadStream } from "node:fs";
import { UsageError, UserError } from "../base/errors.js";
import { systemReason } from "../base/system_error.js";

const blockBytes = 1 << 16;

/** The bytes of a file, block by block. Throws UserError where it cannot be read. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: blockBytes });
  const blocks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    blocks.next().catch((error: unknown) => {
      throw new UserError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error });
    });
  try {
    for (let block = await next(); block.done !== true; block = await next()) yield block.value;
  } finally {
    stream.destroy();
  }
}

/** The bytes of standard input. Throws UsageError where that is a keyboard. */
export async function* inputBytes(): AsyncGenerator<Uint8Array> {
  if (process.stdin.isTTY)
    throw new UsageError("standard input is the keyboard; send it a sound: earshot listen --input - < a.wav");
  for await (const block of process.stdin) yield block as Uint8Array;
}
