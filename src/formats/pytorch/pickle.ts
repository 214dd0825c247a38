import { FormatError } from "../../base/errors.js";

/** A tuple; lists are arrays, dictionaries Maps, other constants what they are in JavaScript (whole numbers beyond 2^53 bigint). */
export class PickleTuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** A name that a pickle mentions: nothing is imported, the reader of the file says what it stands for. */
export class PickleGlobal {
  /** "collections.OrderedDict". */
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What the names in a pickle stand for. None of these runs anything that the file brings. */
export interface PickleMeaning {
  /** Whether a name may stand in the file at all. */
  knows(name: string): boolean;
  /** What calling it gives; undefined where it cannot be called so. */
  call(name: string, parameters: readonly unknown[]): unknown;
  /** What an object is once its state is set; undefined where it has none. */
  build(object: unknown, state: unknown): unknown;
  /** What stands outside of the pickle under this id; undefined where it is nothing. */
  persistent(id: unknown): unknown;
}

/** Bounds of what a pickle may make: the largest checkpoints of networks for keywords have some ten thousand. */
const mostSteps = 1_000_000;
const mostContainers = 200_000;
/** Longest whole number in bytes. */
const longestNumber = 255;

const mark = Symbol("mark");
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads one pickle of protocol 2 to 5 without executing anything: the opcodes that Python's pickler writes for containers, constants
 * and objects (pickletools of Python 3.12).
 * @param place how the bytes are called in messages
 * @returns what it holds, and the position behind it
 * @throws FormatError where an opcode, a name or a size is none that is read
 */
export function readPickle(
  bytes: Uint8Array,
  meaning: PickleMeaning,
  { file, place, from = 0 }: { file: string; place: string; from?: number },
): { value: unknown; end: number } {
  return new Unpickler(bytes, meaning, file, place, from).run();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #meaning: PickleMeaning;
  readonly #file: string;
  readonly #place: string;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at: number;
  #opcodeAt = 0;
  #containers = 0;

  constructor(bytes: Uint8Array, meaning: PickleMeaning, file: string, place: string, from: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#meaning = meaning;
    this.#file = file;
    this.#place = place;
    this.#at = from;
  }

  run(): { value: unknown; end: number } {
    for (let steps = 0; ; steps++) {
      if (steps > mostSteps) throw this.#fault(`more than ${mostSteps} steps`);
      this.#opcodeAt = this.#at;
      const opcode = this.#byte();
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#at };
      const operation = operations.get(opcode);
      if (operation === undefined) throw this.#fault(`opcode 0x${opcode.toString(16)}, which no state dict has`);
      this.#do(operation);
    }
  }

  #fault(found: string, remedy = "the file is damaged, or is no file of torch.save: take another copy"): FormatError {
    return new FormatError(this.#file, `${this.#place}, byte ${this.#opcodeAt}`, found, remedy);
  }

  #do(operation: Operation): void {
    switch (operation) {
      case "protocol":
        return this.#protocol(this.#byte());
      case "frame":
        // Frames only say how much to read at once.
        return void this.#take(8);
      case "mark":
        return this.#push(mark);
      case "pop":
        return void this.#stack.pop();
      case "pop mark":
        return void this.#popMark();
      case "duplicate":
        return this.#push(this.#top());
      case "none":
        return this.#push(null);
      case "true":
        return this.#push(true);
      case "false":
        return this.#push(false);
      case "int":
        return this.#push(this.#numberAt(4, (view) => view.getInt32(0, true)));
      case "int 1":
        return this.#push(this.#byte());
      case "int 2":
        return this.#push(this.#numberAt(2, (view) => view.getUint16(0, true)));
      case "long 1":
        return this.#push(this.#long(this.#byte()));
      case "long 4":
        return this.#push(this.#long(this.#length(4)));
      case "float":
        return this.#push(this.#numberAt(8, (view) => view.getFloat64(0, false)));
      case "text 1":
        return this.#push(this.#text(this.#byte()));
      case "text 4":
        return this.#push(this.#text(this.#length(4)));
      case "text 8":
        return this.#push(this.#text(this.#length(8)));
      case "bytes 1":
        return this.#push(this.#take(this.#byte()));
      case "bytes 4":
        return this.#push(this.#take(this.#length(4)));
      case "bytes 8":
        return this.#push(this.#take(this.#length(8)));
      case "list":
        return this.#push(this.#container([]));
      case "dictionary":
        return this.#push(this.#container(new Map()));
      case "append":
        return this.#append([this.#pop()]);
      case "appends":
        return this.#append(this.#popMark());
      case "set item":
        return this.#setItems([this.#pop(), this.#pop()].toReversed());
      case "set items":
        return this.#setItems(this.#popMark());
      case "tuple":
        return this.#push(this.#container(new PickleTuple(this.#popMark())));
      case "tuple 0":
        return this.#push(this.#tuple(0));
      case "tuple 1":
        return this.#push(this.#tuple(1));
      case "tuple 2":
        return this.#push(this.#tuple(2));
      case "tuple 3":
        return this.#push(this.#tuple(3));
      case "put 1":
        return void this.#memo.set(this.#byte(), this.#top());
      case "put 4":
        return void this.#memo.set(this.#length(4), this.#top());
      case "memoize":
        return void this.#memo.set(this.#memo.size, this.#top());
      case "get 1":
        return this.#get(this.#byte());
      case "get 4":
        return this.#get(this.#length(4));
      case "global":
        return this.#push(this.#global(this.#line(), this.#line()));
      case "stack global":
        return this.#stackGlobal();
      case "call":
        return this.#call();
      case "build":
        return this.#build();
      case "persistent":
        return this.#persistent();
    }
  }

  #protocol(version: number): void {
    if (version < 2 || version > 5) throw this.#fault(`protocol ${version}; 2 to 5 are read`);
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw this.#fault("nothing stands on the stack");
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    const value = this.#top();
    if (value === mark) throw this.#fault("a mark stands where a value is wanted");
    this.#stack.pop();
    return value;
  }

  #popMark(): unknown[] {
    const from = this.#stack.lastIndexOf(mark);
    if (from < 0) throw this.#fault("no mark stands on the stack");
    const items = this.#stack.splice(from);
    items.shift();
    return items;
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at)
      throw this.#fault(`${count} bytes are wanted and ${this.#bytes.length - this.#at} are left`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #byte(): number {
    return this.#take(1)[0] as number;
  }

  #numberAt(bytes: number, read: (view: DataView) => number): number {
    const part = this.#take(bytes);
    return read(new DataView(part.buffer, part.byteOffset, bytes));
  }

  #length(bytes: 4 | 8): number {
    const at = this.#at;
    this.#take(bytes);
    return bytes === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  #long(count: number): number | bigint {
    if (count > longestNumber) throw this.#fault(`a whole number of ${count} bytes`);
    const bytes = this.#take(count);
    let value = 0n;
    for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
    value = BigInt.asIntN(8 * Math.max(1, count), value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #text(count: number): string {
    const bytes = this.#take(count);
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.#fault("a text that is not UTF-8");
    }
  }

  /** A text up to the end of the line. */
  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#fault("the end of a line is missing");
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  #container<T extends object>(made: T): T {
    if (++this.#containers > mostContainers) throw this.#fault(`more than ${mostContainers} lists and tables`);
    return made;
  }

  #tuple(count: number): PickleTuple {
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) items.push(this.#pop());
    return this.#container(new PickleTuple(items.toReversed()));
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#fault("something is appended to what is no list");
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly unknown[]): void {
    const table = this.#top();
    if (!(table instanceof Map)) throw this.#fault("an entry is put into what is no table");
    if (items.length % 2 !== 0) throw this.#fault("a key has no value");
    for (let i = 0; i < items.length; i += 2) table.set(items[i], items[i + 1]);
  }

  #get(key: number): void {
    if (!this.#memo.has(key)) throw this.#fault(`value ${key} is taken before it is there`);
    this.#push(this.#memo.get(key));
  }

  #global(module: string, name: string): PickleGlobal {
    const full = `${module}.${name}`;
    if (!this.#meaning.knows(full))
      throw this.#fault(
        `the Python object ${JSON.stringify(full.slice(0, 80))}, which would have to be executed`,
        "save the weights alone: torch.save(model.state_dict(), 'weights.pth')",
      );
    return new PickleGlobal(full);
  }

  #stackGlobal(): void {
    const name = this.#pop();
    const module = this.#pop();
    if (typeof name !== "string" || typeof module !== "string") throw this.#fault("the name of a Python object is no text");
    this.#push(this.#global(module, name));
  }

  #call(): void {
    const given = this.#pop();
    const callee = this.#pop();
    if (!(callee instanceof PickleGlobal) || !(given instanceof PickleTuple)) throw this.#fault("a call of what is no name");
    const result = this.#meaning.call(callee.name, given.items);
    if (result === undefined) throw this.#fault(`${callee.name} with arguments that are not understood`);
    this.#push(this.#container(result as object));
  }

  #build(): void {
    const state = this.#pop();
    const object = this.#meaning.build(this.#pop(), state);
    if (object === undefined) throw this.#fault("the state of an object that has none");
    this.#push(object);
  }

  #persistent(): void {
    const found = this.#meaning.persistent(this.#pop());
    if (found === undefined) throw this.#fault("a storage that is not understood");
    this.#push(found);
  }
}

type Operation = (typeof table)[number][1];

const table = [
  [0x80, "protocol"],
  [0x95, "frame"],
  [0x28, "mark"],
  [0x30, "pop"],
  [0x31, "pop mark"],
  [0x32, "duplicate"],
  [0x4e, "none"],
  [0x88, "true"],
  [0x89, "false"],
  [0x4a, "int"],
  [0x4b, "int 1"],
  [0x4d, "int 2"],
  [0x8a, "long 1"],
  [0x8b, "long 4"],
  [0x47, "float"],
  // Python 2 wrote texts as strings of bytes.
  [0x55, "text 1"],
  [0x54, "text 4"],
  [0x8c, "text 1"],
  [0x58, "text 4"],
  [0x8d, "text 8"],
  [0x43, "bytes 1"],
  [0x42, "bytes 4"],
  [0x8e, "bytes 8"],
  [0x5d, "list"],
  [0x7d, "dictionary"],
  [0x61, "append"],
  [0x65, "appends"],
  [0x73, "set item"],
  [0x75, "set items"],
  [0x74, "tuple"],
  [0x29, "tuple 0"],
  [0x85, "tuple 1"],
  [0x86, "tuple 2"],
  [0x87, "tuple 3"],
  [0x71, "put 1"],
  [0x72, "put 4"],
  [0x94, "memoize"],
  [0x68, "get 1"],
  [0x6a, "get 4"],
  [0x63, "global"],
  [0x93, "stack global"],
  [0x52, "call"],
  [0x81, "call"],
  [0x62, "build"],
  [0x51, "persistent"],
] as const;

const operations: ReadonlyMap<number, Operation> = new Map(table);
