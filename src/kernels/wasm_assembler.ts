import { invariant } from "../base/errors.js";
import {
  type LaneOpcode,
  type LaneStoreOpcode,
  laneOpcodes,
  laneStoreOpcodes,
  type MemoryOpcode,
  memoryOpcodes,
  type Opcode,
  opcodes,
  type ValueType,
  valueTypes,
} from "./wasm_opcodes.js";

/** Growing array of bytes with the number formats of the WebAssembly binary format. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(values: ArrayLike<number>): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.#length);
    this.#length += values.length;
  }

  /** Unsigned LEB128 of an integer in [0, 2^32). */
  unsigned(value: number): void {
    invariant(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, `${value} is not an unsigned 32-bit integer`);
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit integer. */
  signed(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 127;
      rest >>= 7;
      const last = (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0);
      this.byte(last ? low : low | 128);
      if (last) return;
    }
  }

  /** A string: its length in bytes, then UTF-8. */
  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.unsigned(bytes.length);
    this.bytes(bytes);
  }

  f32(value: number): void {
    this.bytes(new Uint8Array(new Float32Array([value]).buffer));
  }

  f64(value: number): void {
    this.bytes(new Uint8Array(new Float64Array([value]).buffer));
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

const emptyBlock = 0x40;

/** Writes the body of one function: its instructions and, by type, its locals. */
export class CodeWriter {
  readonly #code = new ByteWriter();
  readonly #parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #free = new Map<ValueType, number[]>();

  constructor(parameters: readonly ValueType[]) {
    this.#parameters = parameters;
  }

  /** Index of an unused local of the type. Its first value is undefined: it may have been used before. */
  local(type: ValueType): number {
    const again = this.#free.get(type)?.pop();
    if (again !== undefined) return again;
    this.#locals.push(type);
    return this.#parameters.length + this.#locals.length - 1;
  }

  /** Gives a local of `local` back. */
  release(index: number): void {
    const type = this.#locals[index - this.#parameters.length];
    invariant(type !== undefined, `local ${index} is a parameter or does not exist`);
    const list = this.#free.get(type);
    if (list) list.push(index);
    else this.#free.set(type, [index]);
  }

  #encoded(code: number): void {
    if (code > 0xffff) {
      this.#code.byte(code >>> 16);
      this.#code.unsigned(code & 0xffff);
    } else this.#code.byte(code);
  }

  /** An instruction without immediates. */
  op(name: Opcode): void {
    this.#encoded(opcodes[name]);
  }

  /** Load or store at the address on the stack plus `offset` bytes; `alignment` is the exponent that the address is known to have. */
  memory(name: MemoryOpcode, offset: number, alignment: number): void {
    const { code, alignment: natural } = memoryOpcodes[name];
    this.#encoded(code);
    this.#code.unsigned(Math.min(alignment, natural));
    this.#code.unsigned(offset);
  }

  /** Store of one lane. */
  storeLane(name: LaneStoreOpcode, offset: number, alignment: number, lane: number): void {
    const { code, alignment: natural } = laneStoreOpcodes[name];
    this.#encoded(code);
    this.#code.unsigned(Math.min(alignment, natural));
    this.#code.unsigned(offset);
    this.#code.byte(lane);
  }

  lane(name: LaneOpcode, lane: number): void {
    this.#encoded(laneOpcodes[name]);
    this.#code.byte(lane);
  }

  /** i8x16.shuffle: byte i of the result is byte indices[i] of the 32 bytes of both operands. */
  shuffle(indices: readonly number[]): void {
    invariant(indices.length === 16, "a shuffle has 16 indices");
    this.#encoded(0xfd000d);
    this.#code.bytes(indices);
  }

  /** Orders all memory accesses of this thread (atomic.fence). */
  fence(): void {
    this.#code.bytes([0xfe, 0x03, 0x00]);
  }

  get(local: number): void {
    this.#code.byte(0x20);
    this.#code.unsigned(local);
  }

  set(local: number): void {
    this.#code.byte(0x21);
    this.#code.unsigned(local);
  }

  tee(local: number): void {
    this.#code.byte(0x22);
    this.#code.unsigned(local);
  }

  i32(value: number): void {
    this.#code.byte(0x41);
    this.#code.signed(value);
  }

  /** i64.const of a value in the signed 32-bit range. */
  i64(value: number): void {
    this.#code.byte(0x42);
    this.#code.signed(value);
  }

  f32(value: number): void {
    this.#code.byte(0x43);
    this.#code.f32(value);
  }

  f64(value: number): void {
    this.#code.byte(0x44);
    this.#code.f64(value);
  }

  /** v128.const of 16 bytes. */
  v128(bytes: Uint8Array): void {
    invariant(bytes.length === 16, "a vector has 16 bytes");
    this.#encoded(0xfd000c);
    this.#code.bytes(bytes);
  }

  block(result?: ValueType): void {
    this.#structured(0x02, result);
  }

  loop(): void {
    this.#structured(0x03);
  }

  if(result?: ValueType): void {
    this.#structured(0x04, result);
  }

  #structured(code: number, result?: ValueType): void {
    this.#code.byte(code);
    this.#code.byte(result === undefined ? emptyBlock : valueTypes[result]);
  }

  else(): void {
    this.#code.byte(0x05);
  }

  end(): void {
    this.#code.byte(0x0b);
  }

  branch(depth: number): void {
    this.#code.byte(0x0c);
    this.#code.unsigned(depth);
  }

  branchIf(depth: number): void {
    this.#code.byte(0x0d);
    this.#code.unsigned(depth);
  }

  call(index: number): void {
    this.#code.byte(0x10);
    this.#code.unsigned(index);
  }

  /** The body as it stands in the code section, without its size: runs of locals of one type, the instructions, `end`. */
  finish(): Uint8Array<ArrayBuffer> {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const out = new ByteWriter();
    out.unsigned(runs.length);
    for (const run of runs) {
      out.unsigned(run.count);
      out.byte(valueTypes[run.type]);
    }
    out.bytes(this.#code.finish());
    out.byte(0x0b);
    return out.finish();
  }
}

/** A function of a module. */
export interface WasmFunction {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** What CodeWriter.finish gave. */
  readonly body: Uint8Array;
}

/** Size of an imported memory, in pages of 65,536 bytes. */
export interface MemoryLimits {
  readonly initialPages: number;
  /** Required where the memory is shared. */
  readonly maximumPages?: number;
  readonly shared: boolean;
}

/** Collects the parts of one module. Imported functions come first: their indices precede those of the module's own. */
export class ModuleWriter {
  readonly #types = new Map<string, { index: number; parameters: readonly ValueType[]; results: readonly ValueType[] }>();
  readonly #imports = new ByteWriter();
  #importCount = 0;
  #importedFunctions = 0;
  readonly #functions: { type: number; body: Uint8Array }[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  readonly #data: { offset: number; bytes: Uint8Array }[] = [];

  #type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}>${results.join()}`;
    const known = this.#types.get(key);
    if (known) return known.index;
    const index = this.#types.size;
    this.#types.set(key, { index, parameters, results });
    return index;
  }

  /** Index of the imported function. */
  importFunction(module: string, name: string, parameters: readonly ValueType[], results: readonly ValueType[]): number {
    invariant(this.#functions.length === 0, "functions are imported before the first one is added");
    this.#imports.name(module);
    this.#imports.name(name);
    this.#imports.byte(0x00);
    this.#imports.unsigned(this.#type(parameters, results));
    this.#importCount++;
    return this.#importedFunctions++;
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    invariant(!limits.shared || limits.maximumPages !== undefined, "a shared memory has a maximum");
    this.#imports.name(module);
    this.#imports.name(name);
    this.#imports.byte(0x02);
    this.#imports.byte((limits.maximumPages === undefined ? 0 : 1) | (limits.shared ? 2 : 0));
    this.#imports.unsigned(limits.initialPages);
    if (limits.maximumPages !== undefined) this.#imports.unsigned(limits.maximumPages);
    this.#importCount++;
  }

  /** Index of the new function. */
  add(added: WasmFunction): number {
    this.#functions.push({ type: this.#type(added.parameters, added.results), body: added.body });
    return this.#importedFunctions + this.#functions.length - 1;
  }

  export(name: string, functionIndex: number): void {
    this.#exports.push({ name, index: functionIndex });
  }

  /** Bytes that instantiation copies to the offset in memory. */
  data(offset: number, bytes: Uint8Array): void {
    this.#data.push({ offset, bytes });
  }

  #typeSection(out: ByteWriter): void {
    out.unsigned(this.#types.size);
    for (const { parameters, results } of this.#types.values()) {
      out.byte(0x60);
      for (const list of [parameters, results]) {
        out.unsigned(list.length);
        for (const type of list) out.byte(valueTypes[type]);
      }
    }
  }

  #dataSection(out: ByteWriter): void {
    out.unsigned(this.#data.length);
    for (const { offset, bytes } of this.#data) {
      out.bytes([0x00, 0x41]);
      out.signed(offset);
      out.byte(0x0b);
      out.unsigned(bytes.length);
      out.bytes(bytes);
    }
  }

  /** The module in the binary format. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    const section = (id: number, fill: (content: ByteWriter) => void): void => {
      const content = new ByteWriter();
      fill(content);
      out.byte(id);
      out.unsigned(content.length);
      out.bytes(content.finish());
    };
    section(1, (content) => this.#typeSection(content));
    section(2, (content) => {
      content.unsigned(this.#importCount);
      content.bytes(this.#imports.finish());
    });
    section(3, (content) => {
      content.unsigned(this.#functions.length);
      for (const f of this.#functions) content.unsigned(f.type);
    });
    section(7, (content) => {
      content.unsigned(this.#exports.length);
      for (const { name, index } of this.#exports) {
        content.name(name);
        content.byte(0x00);
        content.unsigned(index);
      }
    });
    section(10, (content) => {
      content.unsigned(this.#functions.length);
      for (const { body } of this.#functions) {
        content.unsigned(body.length);
        content.bytes(body);
      }
    });
    if (this.#data.length > 0) section(11, (content) => this.#dataSection(content));
    return out.finish();
  }
}
