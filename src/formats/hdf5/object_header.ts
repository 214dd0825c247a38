import type { Hdf5Bytes } from "./cursor.js";

/** Kinds of message that are read. */
export const messageType = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** A part of an object's header. */
export interface Message {
  readonly type: number;
  readonly at: number;
  readonly size: number;
}

const mostMessages = 1 << 16;

/** The messages of the object header at an address, of version 1 or 2, those of its continuations too. */
export function readMessages(file: Hdf5Bytes, at: number): Message[] {
  const messages = file.signed(at, "OHDR") ? versionTwo(file, at) : versionOne(file, at);
  return messages.filter(({ type }) => type !== messageType.continuation);
}

interface Block {
  readonly at: number;
  readonly size: number;
}

function versionOne(file: Hdf5Bytes, at: number): Message[] {
  const version = file.u8(at);
  if (version !== 1) file.refuse(at, `an object header of version ${version}`);
  const count = file.u16(at + 2);
  const messages: Message[] = [];
  const blocks: Block[] = [{ at: at + 16, size: file.u32(at + 8) }];
  for (let block = blocks.shift(); block && messages.length < count; block = blocks.shift()) {
    file.step(block.at);
    file.check(block.at, block.size);
    for (let i = block.at; i + 8 <= block.at + block.size && messages.length < count; ) {
      const message = { type: file.u16(i), at: i + 8, size: file.u16(i + 2) };
      i = add(file, messages, message, file.u8(i + 4), blocks);
    }
  }
  return messages;
}

function versionTwo(file: Hdf5Bytes, at: number): Message[] {
  const flags = file.u8(at + 5);
  let start = at + 6;
  if (flags & 0x20) start += 16;
  if (flags & 0x10) start += 4;
  const sizeBytes = 1 << (flags & 3);
  const size =
    sizeBytes === 8 ? file.length(start) : sizeBytes === 4 ? file.u32(start) : sizeBytes === 2 ? file.u16(start) : file.u8(start);
  const head = flags & 0x04 ? 6 : 4;
  const messages: Message[] = [];
  const blocks: Block[] = [{ at: start + sizeBytes, size }];
  let first = true;
  for (let block = blocks.shift(); block; block = blocks.shift()) {
    file.step(block.at);
    // Behind the first block, each one has its letters before and its checksum behind it.
    const from = first ? block.at : block.at + 4;
    const end = first ? block.at + block.size : block.at + block.size - 4;
    if (!first) file.require(block.at, "OCHK");
    first = false;
    file.check(from, end - from);
    for (let i = from; i + head <= end; ) {
      const message = { type: file.u8(i), at: i + head, size: file.u16(i + 1) };
      i = add(file, messages, message, file.u8(i + 3), blocks);
    }
  }
  return messages;
}

/** Enters a message, and the block that it may lead to; gives where the next one is. */
function add(file: Hdf5Bytes, messages: Message[], message: Message, flags: number, blocks: Block[]): number {
  file.check(message.at, message.size);
  if (messages.push(message) > mostMessages) file.refuse(message.at, `more than ${mostMessages} messages`);
  if (message.type === messageType.continuation) {
    const at = file.address(message.at);
    if (at === undefined) file.refuse(message.at, "a continuation that leads nowhere");
    else blocks.push({ at, size: file.length(message.at + 8) });
  }
  const shared = (flags & 2) !== 0;
  if (shared && (message.type === messageType.datatype || message.type === messageType.dataspace))
    file.refuse(message.at, "a type that is shared by name", "save the weights without named types");
  return message.at + message.size;
}
