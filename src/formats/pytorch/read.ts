import { FormatError } from "../../base/errors.js";
import { readBounded } from "../../base/read_file.js";
import type { SafetensorsTensor } from "../safetensors.js";
import { isZip, readZip, type ZipEntry } from "../zip.js";
import { PickleTuple, readPickle } from "./pickle.js";
import {
  elementBytes,
  isModule,
  isTensor,
  type PickledModule,
  type StorageReference,
  TensorMaker,
  torchMeaning,
} from "./torch_pickle.js";

/** Tensors by PyTorch's names. */
export type StateDict = Map<string, SafetensorsTensor>;

/** Bytes of the largest file that is read. */
const largestFile = 1 << 30;
/** First pickle of a single-stream file (LONG1 of ten bytes behind the protocol). */
const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
const remedy = "give a file of torch.save(model.state_dict(), ...)";

/** Whether the bytes begin as a file of torch.save does: a ZIP archive (1.6 and later) or a stream of pickles. */
export function isTorchFile(bytes: Uint8Array): boolean {
  return isZip(bytes) || isSingleStream(bytes);
}

const isSingleStream = (bytes: Uint8Array): boolean => magic.every((byte, i) => bytes[i] === byte);

/**
 * Reads the state dict of a .pth or .pt file, or the parameters of a TorchScript file, without executing anything.
 * @throws UserError where the file cannot be read, FormatError where it is not what it should be
 */
export async function readStateDict(path: string): Promise<StateDict> {
  return parseStateDict(await readBounded(path, largestFile, "a network for keywords has some megabytes"), path);
}

/** Reads the bytes of such a file; `file` is its name in error messages. */
export function parseStateDict(content: Uint8Array, file: string): StateDict {
  const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  if (isZip(bytes)) return zipContainer(bytes, file);
  if (isSingleStream(bytes)) return singleStream(bytes, file);
  throw new FormatError(file, "byte 0", "neither a ZIP archive nor a stream of pickles as torch.save writes them", remedy);
}

/** A ZIP archive with NAME/data.pkl, the storages in NAME/data/KEY and, of late, NAME/byteorder. */
function zipContainer(bytes: Uint8Array, file: string): StateDict {
  const entries = readZip(bytes, file);
  const name = [...entries.keys()].find((key) => /^[^/]+\/data\.pkl$/.test(key));
  const pickle = name === undefined ? undefined : entries.get(name);
  if (name === undefined || pickle === undefined)
    throw new FormatError(file, "its files", "there is no data.pkl among them", remedy);
  const root = name.slice(0, -"data.pkl".length);
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order.bytes) !== "little")
    throw new FormatError(file, "byteorder", "is not little", "save it again on a little-endian machine");
  const stored = (entry: ZipEntry | undefined): Uint8Array | undefined => {
    if (entry === undefined || entry.method === 0) return entry?.bytes;
    throw new FormatError(file, entry.name.slice(0, 80), "is compressed, which torch.save never does", remedy);
  };
  const { value } = readPickle(stored(pickle) as Uint8Array, torchMeaning, { file, place: "data.pkl" });
  return tensorsOf(value, new TensorMaker(({ key }) => stored(entries.get(`${root}data/${key}`)), bytes.length, file), file);
}

/**
 * Before 1.6: pickles of a magic number, the version (1001), the writer's machine, the object and the keys of its storages, then each
 * storage with the number of its elements before it.
 */
function singleStream(bytes: Uint8Array, file: string): StateDict {
  let at = magic.length;
  const next = (place: string): unknown => {
    const { value, end } = readPickle(bytes, torchMeaning, { file, place, from: at });
    at = end;
    return value;
  };
  const version = next("version");
  if (version !== 1001) throw new FormatError(file, "version", "is not 1001", remedy);
  const machine = next("machine");
  if (machine instanceof Map && machine.get("little_endian") === false)
    throw new FormatError(file, "machine", "is big-endian", "save it again on a little-endian machine");
  const value = next("object");
  const keys = next("storages");
  if (!Array.isArray(keys)) throw new FormatError(file, "storages", "their keys are no list", remedy);
  const parts = storageParts(bytes, at, keys, referencesIn(value), file);
  return tensorsOf(value, new TensorMaker(({ key }) => parts.get(key), bytes.length, file), file);
}

/** The bytes of the storages that follow each other from a position. */
function storageParts(
  bytes: Uint8Array,
  from: number,
  keys: readonly unknown[],
  references: ReadonlyMap<string, StorageReference>,
  file: string,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = new Map<string, Uint8Array>();
  let at = from;
  for (const key of keys) {
    const reference = typeof key === "string" ? references.get(key) : undefined;
    // Without its element type the storage cannot be stepped over; torch.save writes none that nothing refers to.
    if (reference === undefined) throw new FormatError(file, "storages", "nothing refers to one of them", remedy);
    if (at + 8 > bytes.length) throw new FormatError(file, `byte ${at}`, "a storage is missing", remedy);
    const count = view.getBigUint64(at, true);
    const size = Number(count) * elementBytes(reference);
    if (at + 8 + size > bytes.length)
      throw new FormatError(file, `byte ${at}`, `a storage of ${count} elements in a file of ${bytes.length} bytes`, remedy);
    parts.set(reference.key, bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return parts;
}

/** Storages of all tensors in a value. */
function referencesIn(value: unknown): Map<string, StorageReference> {
  const found = new Map<string, StorageReference>();
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const item = open.pop();
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    seen.add(item);
    if (isTensor(item)) found.set(item.storage.key, item.storage);
    else for (const member of membersOf(item)) open.push(member);
  }
  return found;
}

function membersOf(item: object): Iterable<unknown> {
  if (item instanceof Map) return item.values();
  if (Array.isArray(item)) return item;
  return item instanceof PickleTuple ? item.items : [];
}

/** Under which keys checkpoints hold the state dict beside other things. */
const usualKeys = ["state_dict", "model_state_dict", "model", "net", "weights"];
const mostModules = 10_000;
const longestName = 1000;

/** The tensors of what was saved: a state dict, a checkpoint that has one, or a TorchScript module. */
function tensorsOf(value: unknown, maker: TensorMaker, file: string): StateDict {
  const found: StateDict = new Map();
  if (isModule(value)) collectModules(value, found, maker, file);
  else collectTable(stateDictIn(value), found, maker);
  if (found.size === 0) throw new FormatError(file, "its object", "has no tensors by name", remedy);
  return found;
}

function hasTensors(value: unknown): value is Map<unknown, unknown> {
  return value instanceof Map && [...value.values()].some(isTensor);
}

function stateDictIn(value: unknown): ReadonlyMap<unknown, unknown> {
  if (hasTensors(value)) return value;
  if (!(value instanceof Map)) return new Map();
  return usualKeys.map((key) => value.get(key) as unknown).find(hasTensors) ?? new Map();
}

function collectTable(table: ReadonlyMap<unknown, unknown>, found: StateDict, maker: TensorMaker): void {
  const names = [...table].flatMap(([name, tensor]) => (typeof name === "string" && isTensor(tensor) ? [name] : []));
  // DataParallel puts this before every name.
  const parallel = names.every((name) => name.startsWith("module."));
  for (const [name, tensor] of table)
    if (typeof name === "string" && isTensor(tensor)) {
      const own = parallel ? name.slice("module.".length) : name;
      found.set(own, maker.make(own, tensor));
    }
}

/** Modules may be shared, so that few bytes could describe very many of them. */
function collectModules(top: PickledModule, found: StateDict, maker: TensorMaker, file: string): void {
  let modules = 0;
  const open: { prefix: string; module: PickledModule }[] = [{ prefix: "", module: top }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (++modules > mostModules || next.prefix.length > longestName)
      throw new FormatError(file, "its modules", "lie in each other without end", remedy);
    for (const [key, value] of next.module.attributes) {
      if (typeof key !== "string") continue;
      const name = `${next.prefix}${key}`;
      if (isTensor(value)) found.set(name, maker.make(name, value));
      else if (isModule(value)) open.push({ prefix: `${name}.`, module: value });
    }
  }
}
