import type { Hdf5Bytes } from "./cursor.js";
import { type Message, messageType } from "./object_header.js";

const mostLevels = 32;
const mostLinks = 1 << 17;
const longestName = 1 << 16;

/** What a group holds: addresses of object headers by name. */
export function readLinks(file: Hdf5Bytes, messages: readonly Message[]): Map<string, number> {
  const links = new Map<string, number>();
  for (const { type, at, size } of messages) {
    if (type === messageType.symbolTable) readSymbolTable(file, at, links);
    if (type === messageType.link) readLink(file, at, size, links);
    if (type === messageType.linkInfo) requireCompact(file, at);
  }
  return links;
}

/** Groups of the newer kind with many links keep them in a heap. */
function requireCompact(file: Hdf5Bytes, at: number): void {
  const heap = file.address(at + 2 + (file.u8(at + 1) & 1 ? 8 : 0));
  if (heap !== undefined)
    file.refuse(at, "a group that keeps its links in a heap", 'save the file with libver "earliest", h5py\'s default');
}

function enter(file: Hdf5Bytes, at: number, links: Map<string, number>, name: string, address: number | undefined): void {
  file.step(at);
  if (links.size >= mostLinks) file.refuse(at, `more than ${mostLinks} links`);
  if (address !== undefined) links.set(name, address);
}

function readLink(file: Hdf5Bytes, at: number, size: number, links: Map<string, number>): void {
  const flags = file.u8(at + 1);
  let i = at + 2;
  const kind = flags & 8 ? file.u8(i++) : 0;
  if (flags & 4) i += 8;
  if (flags & 16) i += 1;
  const lengthBytes = 1 << (flags & 3);
  const length = lengthBytes === 1 ? file.u8(i) : lengthBytes === 2 ? file.u16(i) : file.u32(i);
  i += lengthBytes;
  if (length > size) file.refuse(at, `a name of ${length} bytes`);
  // Only hard links: others lead to another file or a path.
  if (kind === 0) enter(file, at, links, file.text(i, length), file.address(i + length));
}

/** Symbol table: a B-tree whose leaves list names, as offsets in a heap, and addresses. */
function readSymbolTable(file: Hdf5Bytes, at: number, links: Map<string, number>): void {
  const tree = file.address(at);
  const heap = file.address(at + 8);
  if (tree === undefined || heap === undefined) return file.refuse(at, "a group without its table");
  file.require(heap, "HEAP");
  const names = { at: file.address(heap + 24) ?? 0, size: file.length(heap + 8) };
  file.check(names.at, names.size);
  const level = file.u8(tree + 5);
  if (level > mostLevels) file.refuse(tree, `a tree of ${level} levels`);
  visit(file, tree, level, names, links);
}

interface Names {
  readonly at: number;
  readonly size: number;
}

function visit(file: Hdf5Bytes, at: number, level: number, names: Names, links: Map<string, number>): void {
  file.step(at);
  file.require(at, "TREE");
  if (file.u8(at + 4) !== 0 || file.u8(at + 5) !== level) file.refuse(at, "a tree of names of another kind or level");
  const count = file.u16(at + 6);
  for (let i = 0; i < count; i++) {
    const place = at + 24 + 16 * i + 8;
    const child = file.address(place);
    if (child === undefined) file.refuse(place, "a branch that leads nowhere");
    else if (level > 0) visit(file, child, level - 1, names, links);
    else readLeaf(file, child, names, links);
  }
}

function readLeaf(file: Hdf5Bytes, at: number, names: Names, links: Map<string, number>): void {
  file.step(at);
  file.require(at, "SNOD");
  const count = file.u16(at + 6);
  for (let i = 0; i < count; i++) {
    const entry = at + 8 + 40 * i;
    const offset = file.length(entry);
    if (offset >= names.size) file.refuse(entry, `a name at ${offset} of a heap of ${names.size} bytes`);
    const name = file.zeroEnded(names.at + offset, Math.min(longestName, names.size - offset));
    enter(file, entry, links, name, file.address(entry + 8));
  }
}
