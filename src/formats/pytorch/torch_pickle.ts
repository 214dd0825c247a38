import { FormatError } from "../../base/errors.js";
import type { SafetensorsData, SafetensorsTensor, SafetensorsType } from "../safetensors.js";
import { PickleGlobal, type PickleMeaning, PickleTuple } from "./pickle.js";

/** Element types of PyTorch's storages. */
const storageTypes = {
  DoubleStorage: ["F64", Float64Array],
  FloatStorage: ["F32", Float32Array],
  HalfStorage: ["F16", Uint16Array],
  BFloat16Storage: ["BF16", Uint16Array],
  LongStorage: ["I64", BigInt64Array],
  IntStorage: ["I32", Int32Array],
  ShortStorage: ["I16", Int16Array],
  CharStorage: ["I8", Int8Array],
  ByteStorage: ["U8", Uint8Array],
  BoolStorage: ["BOOL", Uint8Array],
} as const satisfies Record<string, readonly [SafetensorsType, { new (buffer: ArrayBuffer): SafetensorsData }]>;

/** A storage as a pickle names it; its elements may come later in the file. */
export interface StorageReference {
  readonly kind: "storage";
  /** Name of its bytes in the file. */
  readonly key: string;
  readonly type: keyof typeof storageTypes;
  readonly elements: number;
}

/** A tensor as a pickle describes it: a window on a storage. */
export interface PickledTensor {
  readonly kind: "tensor";
  readonly storage: StorageReference;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A module of a TorchScript file: its attributes by name. */
export interface PickledModule {
  readonly kind: "module";
  readonly attributes: Map<unknown, unknown>;
}

/** Bytes of an element of a storage. */
export function elementBytes(storage: StorageReference): number {
  return storageTypes[storage.type][1].BYTES_PER_ELEMENT;
}

const mostDimensions = 32;
const storageName = /^torch\.(\w+Storage)$/;

function storageTypeOf(value: unknown): keyof typeof storageTypes | undefined {
  const name = value instanceof PickleGlobal ? storageName.exec(value.name)?.[1] : undefined;
  return name !== undefined && Object.hasOwn(storageTypes, name) ? (name as keyof typeof storageTypes) : undefined;
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function isCounts(value: unknown): value is PickleTuple & { items: readonly number[] } {
  return value instanceof PickleTuple && value.items.length <= mostDimensions && value.items.every(isCount);
}

export function isTensor(value: unknown): value is PickledTensor {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "tensor";
}

export function isModule(value: unknown): value is PickledModule {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "module";
}

function isStorage(value: unknown): value is StorageReference {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "storage";
}

/** What torch.save and TorchScript write besides containers and constants: a closed list. */
const callable = new Set([
  "collections.OrderedDict",
  "torch._utils._rebuild_tensor_v2",
  "torch._utils._rebuild_parameter",
  "torch.Size",
  "torch.device",
]);
/** Lists of one type in TorchScript. */
const scriptList = /^torch\.jit\._pickle\.build_\w+list$/;
/** Classes of TorchScript, which has modules as objects of them. */
const scriptClass = /^__torch__\./;

/** What the names in a pickle of torch.save stand for. */
export const torchMeaning: PickleMeaning = {
  knows: (name) =>
    callable.has(name) || storageTypeOf(new PickleGlobal(name)) !== undefined || scriptList.test(name) || scriptClass.test(name),
  call: (name, parameters) => {
    const [first] = parameters;
    if (scriptClass.test(name)) return { kind: "module", attributes: new Map() } satisfies PickledModule;
    if (scriptList.test(name)) return first;
    if (name === "torch.Size") return first instanceof PickleTuple ? first : undefined;
    if (name === "torch.device") return new PickleTuple(parameters);
    if (name === "collections.OrderedDict") return orderedDict(first);
    if (name === "torch._utils._rebuild_parameter") return isTensor(first) ? first : undefined;
    return rebuilt(parameters);
  },
  build: (object, state) => {
    // A state dict's versions of its modules; what matters stands in its entries.
    if (object instanceof Map) return object;
    if (isModule(object) && state instanceof Map) return { kind: "module", attributes: state } satisfies PickledModule;
    return undefined;
  },
  persistent: (id) => {
    if (!(id instanceof PickleTuple)) return undefined;
    const [what, kind, key, , elements] = id.items;
    const type = storageTypeOf(kind);
    if (what !== "storage" || type === undefined || typeof key !== "string" || !isCount(elements)) return undefined;
    return view(id.items[5]) ? ({ kind: "storage", key, type, elements } satisfies StorageReference) : undefined;
  },
};

/** The oldest files could name a part of a storage; PyTorch has not written that since 0.4. */
const view = (metadata: unknown): boolean => metadata === undefined || metadata === null;

function orderedDict(pairs: unknown): Map<unknown, unknown> | undefined {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs)) return undefined;
  const table = new Map<unknown, unknown>();
  for (const pair of pairs as unknown[]) {
    const items: unknown = pair instanceof PickleTuple ? pair.items : pair;
    if (!Array.isArray(items) || items.length !== 2) return undefined;
    table.set(items[0], items[1]);
  }
  return table;
}

function rebuilt([storage, offset, shape, strides]: readonly unknown[]): PickledTensor | undefined {
  if (!isStorage(storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) return undefined;
  if (shape.items.length !== strides.items.length) return undefined;
  return { kind: "tensor", storage, offset, shape: shape.items, strides: strides.items };
}

/** Makes tensors of what a pickle describes, within bounds that follow from the bytes that are there. */
export class TensorMaker {
  readonly #bytesOf: (storage: StorageReference) => Uint8Array | undefined;
  readonly #file: string;
  readonly #storages = new Map<string, SafetensorsData>();
  /** Elements that may still be copied out of storages: those of a tensor that lies otherwise than row after row. */
  #copied: number;

  /**
   * @param bytesOf the bytes of a storage, little-endian; undefined where the file has none of this name
   * @param fileBytes size of the file
   */
  constructor(bytesOf: (storage: StorageReference) => Uint8Array | undefined, fileBytes: number, file: string) {
    this.#bytesOf = bytesOf;
    this.#file = file;
    this.#copied = fileBytes;
  }

  /** @throws FormatError where the tensor does not lie in its storage */
  make(name: string, { storage, offset, shape, strides }: PickledTensor): SafetensorsTensor {
    const data = this.#storage(storage, name);
    const elements = shape.reduce((product, n) => product * n, 1);
    const last = shape.reduce((sum, n, axis) => sum + (n - 1) * (strides[axis] as number), offset);
    if (elements > 0 && (last >= data.length || !Number.isSafeInteger(last)))
      throw this.#fault(name, `reaches to element ${last} of a storage of ${data.length}`);
    const type = storageTypes[storage.type][0];
    if (elements === 0 || isContiguous(shape, strides))
      return { type, shape, data: data.subarray(offset, offset + elements) as SafetensorsData };
    this.#copied -= elements;
    if (this.#copied < 0) throw this.#fault(name, `its shape ${shape.join(" x ")} repeats the same elements over and over`);
    return { type, shape, data: gathered(data, elements, offset, shape, strides) };
  }

  #fault(name: string, found: string): FormatError {
    const place = `tensor ${JSON.stringify(name.slice(0, 80))}`;
    return new FormatError(this.#file, place, found, "the file is damaged: take another copy");
  }

  #storage(storage: StorageReference, name: string): SafetensorsData {
    const id = `${storage.type} ${storage.key}`;
    const known = this.#storages.get(id);
    if (known) return known;
    const bytes = this.#bytesOf(storage);
    const wanted = storage.elements * elementBytes(storage);
    if (bytes?.length !== wanted)
      throw this.#fault(name, `storage ${storage.key.slice(0, 80)} has ${bytes?.length ?? "no"} bytes instead of ${wanted}`);
    // A copy, so that the elements are aligned and outlive the file's bytes.
    const made = new storageTypes[storage.type][1](bytes.slice().buffer as ArrayBuffer);
    this.#storages.set(id, made);
    return made;
  }
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== stride) return false;
    stride *= shape[axis] as number;
  }
  return true;
}

/** The elements in row-major order. */
function gathered(
  data: SafetensorsData,
  elements: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): SafetensorsData {
  const out = data.slice(0, 0).constructor as new (length: number) => SafetensorsData;
  const result = new out(elements);
  const place = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < elements; i++) {
    result[i] = data[at] as never;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis] as number;
      if (++(place[axis] as number) < (shape[axis] as number)) break;
      at -= (shape[axis] as number) * (strides[axis] as number);
      place[axis] = 0;
    }
  }
  return result;
}
