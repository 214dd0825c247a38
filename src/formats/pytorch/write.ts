import { UserError } from "../../base/errors.js";
import { findModel } from "../../zoo/index.js";
import type { Model } from "../model.js";
import { type SafetensorsTensor, type SafetensorsType, writeSafetensors } from "../safetensors.js";
import { writeZip, type ZipFile } from "../zip.js";
import type { StateDict } from "./read.js";
import { stateDictWriters } from "./maps.js";

/** PyTorch's classes of storages by element type. */
const storages: Readonly<Partial<Record<SafetensorsType, string>>> = {
  F64: "DoubleStorage",
  F32: "FloatStorage",
  F16: "HalfStorage",
  BF16: "BFloat16Storage",
  I64: "LongStorage",
  I32: "IntStorage",
  I16: "ShortStorage",
  I8: "CharStorage",
  U8: "ByteStorage",
  BOOL: "BoolStorage",
};

/** Storages begin at multiples of it, so that they can be mapped into memory. */
const alignment = 64;

/**
 * The bytes of a .pth file with a state dict, which torch.load opens with weights_only: a ZIP archive as PyTorch 1.6 and later write it.
 * @param name of the archive's folder, a file's name without its ending
 */
export function writeStateDict(tensors: StateDict, name: string): Uint8Array {
  // Entries that are one tensor in the network are one in the file.
  const keys = new Map([...new Set([...tensors.values()].map(({ data }) => data))].map((data, key) => [data, String(key)]));
  const files: ZipFile[] = [
    { name: `${name}/data.pkl`, bytes: new PickleWriter().stateDict(tensors, keys) },
    { name: `${name}/byteorder`, bytes: ascii("little") },
  ];
  for (const [data, key] of keys)
    files.push({ name: `${name}/data/${key}`, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
  files.push({ name: `${name}/version`, bytes: ascii("3\n") });
  return writeZip(files, alignment);
}

/** The bytes of a .safetensors file with a state dict. */
export function writeStateDictSafetensors(tensors: StateDict): Uint8Array {
  return writeSafetensors({ tensors, metadata: new Map([["format", "pt"]]) });
}

/**
 * The state dict of a model under the names that its network has in PyTorch.
 * @throws UserError where the network has none that are known, or the weights are integers
 */
export function stateDictOf(model: Model, file: string): StateDict {
  const name = model.training["model"];
  const architecture = typeof name === "string" ? findModel(name).architecture.name : undefined;
  const writer = stateDictWriters.find((one) => architecture !== undefined && one.architectures.includes(architecture));
  if (architecture === undefined || writer === undefined) {
    const known = stateDictWriters.flatMap((one) => one.architectures).join(", ");
    throw new UserError(
      `${file}: ${architecture ?? "a network that it does not name"} has no names in PyTorch; these have: ${known}`,
    );
  }
  if ([...model.parameters.values()].some((values) => !(values instanceof Float32Array)))
    throw new UserError(`${file}: its weights are integers; give the float model that it was made from`);
  return writer.stateDict(architecture, model);
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Writes a pickle of protocol 2. */
class PickleWriter {
  readonly #parts: Uint8Array[] = [];
  /** Places in the memo of what has been written, by text. */
  readonly #memo = new Map<string, number>();

  /** @param keys names of the storages by their content */
  stateDict(tensors: StateDict, keys: ReadonlyMap<SafetensorsTensor["data"], string>): Uint8Array {
    this.#opcodes(0x80, 2);
    this.#global("collections", "OrderedDict");
    this.#opcodes(0x29, 0x52, 0x28);
    for (const [name, tensor] of tensors) {
      this.#text(name);
      this.#tensor(tensor, keys.get(tensor.data) as string);
    }
    this.#opcodes(0x75, 0x2e);
    return Buffer.concat(this.#parts);
  }

  #opcodes(...bytes: number[]): void {
    this.#parts.push(Uint8Array.from(bytes));
  }

  /** Writes something once and takes it from the memo afterwards. */
  #once(id: string, write: () => void): void {
    const place = this.#memo.get(id);
    if (place !== undefined) return this.#withNumber(0x6a, place);
    write();
    this.#withNumber(0x72, this.#memo.size);
    this.#memo.set(id, this.#memo.size);
  }

  /** An opcode with four bytes. */
  #withNumber(opcode: number, value: number): void {
    const bytes = new Uint8Array(5);
    bytes[0] = opcode;
    new DataView(bytes.buffer).setUint32(1, value, true);
    this.#parts.push(bytes);
  }

  #global(module: string, name: string): void {
    this.#once(`global ${module} ${name}`, () => this.#parts.push(ascii(`c${module}\n${name}\n`)));
  }

  #text(text: string): void {
    this.#once(`text ${text}`, () => {
      const bytes = ascii(text);
      this.#withNumber(0x58, bytes.length);
      this.#parts.push(bytes);
    });
  }

  #whole(value: number): void {
    if (value < 2 ** 31) return this.#withNumber(0x4a, value);
    const bytes = new Uint8Array(10);
    bytes.set([0x8a, 8]);
    new DataView(bytes.buffer).setBigInt64(2, BigInt(value), true);
    this.#parts.push(bytes);
  }

  #tuple(values: readonly number[]): void {
    this.#opcodes(0x28);
    for (const value of values) this.#whole(value);
    this.#opcodes(0x74);
  }

  /** torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks). */
  #tensor({ type, shape, data }: SafetensorsTensor, key: string): void {
    this.#global("torch._utils", "_rebuild_tensor_v2");
    this.#opcodes(0x28, 0x28);
    this.#text("storage");
    this.#global("torch", storages[type] as string);
    this.#text(key);
    this.#text("cpu");
    this.#whole(data.length);
    this.#opcodes(0x74, 0x51);
    this.#whole(0);
    this.#tuple(shape);
    this.#tuple(shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1)));
    this.#opcodes(0x89);
    this.#global("collections", "OrderedDict");
    this.#opcodes(0x29, 0x52, 0x74, 0x52);
  }
}
