import { decodeFloats } from "../float_bytes.js";
import type { ForeignTensor } from "../foreign_tensor.js";
import { sizeOf } from "../../graph/types.js";
import { Hdf5Bytes, wordBytes } from "./cursor.js";
import { type Datatype, readDataspace, readDatatype } from "./datatype.js";
import { readDataset } from "./dataset.js";
import { readFilters } from "./filters.js";
import { readLinks } from "./links.js";
import { type Message, messageType, readMessages } from "./object_header.js";

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const mostAttributes = 1 << 14;
const mostTexts = 1 << 17;

/** Whether the first bytes of a file are HDF5's. */
export function isHdf5(head: Uint8Array): boolean {
  return signature.every((byte, i) => head[i] === byte);
}

/** A group or a dataset of an HDF5 file. Everything is read when it is asked for. */
export class Hdf5Object {
  readonly #file: Hdf5Bytes;
  readonly #at: number;
  /** Path in the file, for messages: "/model_weights/dense". */
  readonly path: string;
  #known: Message[] | undefined;
  #links: Map<string, number> | undefined;

  constructor(file: Hdf5Bytes, at: number, path: string) {
    this.#file = file;
    this.#at = at;
    this.path = path;
  }

  get #messages(): Message[] {
    this.#known ??= readMessages(this.#file, this.#at);
    return this.#known;
  }

  #message(type: number): Message | undefined {
    return this.#messages.find((message) => message.type === type);
  }

  /** Names of what a group holds. */
  names(): string[] {
    return [...this.#children().keys()];
  }

  #children(): Map<string, number> {
    this.#links ??= readLinks(this.#file, this.#messages);
    return this.#links;
  }

  /** What stands under a path from here, "dense/kernel:0"; undefined where there is nothing. */
  find(path: string): Hdf5Object | undefined {
    return path
      .split("/")
      .filter((part) => part !== "")
      .reduce<Hdf5Object | undefined>((object, name) => object?.child(name), this);
  }

  /** What a group holds under a name. */
  child(name: string): Hdf5Object | undefined {
    const at = this.#children().get(name);
    return at === undefined ? undefined : new Hdf5Object(this.#file, at, `${this.path === "/" ? "" : this.path}/${name}`);
  }

  /** Whether it has elements. */
  isDataset(): boolean {
    return this.#message(messageType.layout) !== undefined;
  }

  /**
   * Elements of a dataset of floats.
   * @throws FormatError where it is none
   */
  floats(): ForeignTensor {
    const layout = this.#message(messageType.layout);
    const space = this.#message(messageType.dataspace);
    const type = this.#message(messageType.datatype);
    if (!layout || !space || !type) return this.#refuse("is no dataset");
    const shape = readDataspace(this.#file, space.at) ?? [0];
    const element = readDatatype(this.#file, type.at);
    if (element.kind !== "float") return this.#refuse(`has elements of type ${nameOf(element)} instead of floats`);
    const filters = this.#message(messageType.filters);
    const steps = filters ? readFilters(this.#file, filters.at) : [];
    if (!(sizeOf(shape) * element.size <= 2 ** 30)) this.#refuse(`[${shape.join(",")}] elements`);
    const bytes = readDataset(this.#file, layout.at, { shape, elementBytes: element.size }, steps);
    this.#file.take(layout.at, bytes.length);
    return { shape, data: decodeFloats(bytes, element.format, element.littleEndian) };
  }

  /**
   * An attribute of texts, one or several; undefined where there is none of that name.
   * @throws FormatError where it is no text
   */
  texts(name: string): string[] | undefined {
    const file = this.#file;
    if (this.#messages.length > mostAttributes) this.#refuse(`more than ${mostAttributes} attributes`);
    for (const { type, at } of this.#messages) {
      if (type !== messageType.attribute) continue;
      const attribute = readAttribute(file, at);
      if (attribute.name === name) return this.#textsOf(attribute);
    }
    const dense = this.#message(messageType.attributeInfo);
    if (dense && file.address(dense.at + (file.u8(dense.at + 1) & 1 ? 4 : 2)) !== undefined)
      this.#refuse("its attributes stand in a heap", 'save the file with libver "earliest", h5py\'s default');
    return undefined;
  }

  #textsOf({ name, at, type, shape }: Attribute): string[] {
    const count = shape ? sizeOf(shape) : 0;
    // h5py gives a list without elements the type of numbers.
    if (count === 0) return [];
    if (type.kind !== "text" && type.kind !== "long_text")
      return this.#refuse(`attribute ${name} is of type ${nameOf(type)} instead of text`);
    if (!(count <= mostTexts)) this.#refuse(`attribute ${name} has ${count} texts`);
    this.#file.check(at, count * type.size);
    this.#file.take(at, count * type.size);
    return Array.from({ length: count }, (_, i) => {
      const place = at + i * type.size;
      return type.kind === "text" ? this.#file.zeroEnded(place, type.size) : longText(this.#file, place);
    });
  }

  #refuse(found: string, remedy?: string): never {
    return this.#file.refuse(this.path, found, remedy);
  }
}

const nameOf = (type: Datatype): string => (type.kind === "other" ? type.name : type.kind);

interface Attribute {
  readonly name: string;
  readonly type: Datatype;
  readonly shape: number[] | undefined;
  /** Where its elements stand. */
  readonly at: number;
}

function readAttribute(file: Hdf5Bytes, at: number): Attribute {
  file.step(at);
  const version = file.u8(at);
  if (version < 1 || version > 3) file.refuse(at, `an attribute of version ${version}`);
  const [nameBytes, typeBytes, spaceBytes] = [file.u16(at + 2), file.u16(at + 4), file.u16(at + 6)] as const;
  const padded = (n: number): number => (version === 1 ? Math.ceil(n / 8) * 8 : n);
  const name = at + (version === 3 ? 9 : 8);
  const type = name + padded(nameBytes);
  const space = type + padded(typeBytes);
  return {
    name: file.zeroEnded(name, nameBytes),
    type: readDatatype(file, type),
    shape: readDataspace(file, space),
    at: space + padded(spaceBytes),
  };
}

/** A text of any length: its length, the heap it stands in, its number there. */
function longText(file: Hdf5Bytes, at: number): string {
  const length = file.u32(at);
  const heap = file.address(at + 4);
  const wanted = file.u32(at + 12);
  if (length === 0 || heap === undefined) return "";
  file.require(heap, "GCOL");
  const end = heap + file.length(heap + 8);
  file.check(heap, end - heap);
  for (let i = heap + 16; i + 16 <= end; ) {
    file.step(i);
    const index = file.u16(i);
    const size = file.length(i + 8);
    if (index === wanted) {
      if (size < length) file.refuse(i, `a text of ${size} bytes where ${length} are expected`);
      file.take(i, length);
      return file.text(i + 16, length);
    }
    if (index === 0) break;
    i += 16 + Math.ceil(size / 8) * 8;
  }
  return file.refuse(at, `text ${wanted} is not in its heap`);
}

/**
 * Opens an HDF5 file as h5py and Keras write it (superblocks 0 to 3).
 * @param name for errors
 * @returns its root group
 * @throws FormatError
 */
export function openHdf5(bytes: Uint8Array, name: string): Hdf5Object {
  const file = new Hdf5Bytes(bytes, name);
  if (!isHdf5(bytes)) file.refuse(0, "HDF5's first bytes are missing");
  const version = file.u8(8);
  const sizes = version < 2 ? 13 : 9;
  if (version > 3) file.refuse(8, `a superblock of version ${version}`);
  if (file.u8(sizes) !== wordBytes || file.u8(sizes + 1) !== wordBytes)
    file.refuse(sizes, `addresses of ${file.u8(sizes)} bytes`, "only files with addresses of 8 bytes are read");
  // Version 0 and 1 end with the entry of the root group, 2 and 3 with its address.
  const base = version < 2 ? (version === 0 ? 24 : 28) : 12;
  if (file.address(base) !== 0) file.refuse(base, "a base address that is not 0");
  const root = file.address(version < 2 ? base + 40 : base + 24);
  return root === undefined ? file.refuse(base, "there is no root group") : new Hdf5Object(file, root, "/");
}
