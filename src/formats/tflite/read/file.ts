import { FormatError } from "../../../base/errors.js";
import { type Quantization, sizeOf } from "../../../graph/types.js";
import { BoundedReader } from "../bounded_reader.js";
import {
  type BuiltinOperator,
  builtinOperator,
  type OptionName,
  type OptionTable,
  optionTables,
  type TfliteType,
  tensorType,
} from "../schema.js";

const mostTensors = 1 << 16;
const mostOperators = 1 << 15;
const mostSubgraphs = 1 << 8;
const mostAxes = 8;
const mostArguments = 1 << 16;
const mostChannels = 1 << 20;
/** Elements of all tensors of a graph together (512 MiB of f32). */
const mostElements = 2 ** 27;

/** A tensor as the file has it. */
export interface FileTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TfliteType;
  /** Constant content, little endian, of the length that type and shape ask for. */
  readonly data?: Uint8Array;
  readonly quantization?: Quantization;
}

/** An operator as the file has it; -1 stands for an input that is left out. */
export interface FileOperator {
  /** "operator 3 (CONV_2D)", for messages. */
  readonly place: string;
  readonly code: BuiltinOperator | "unknown";
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** A number of the options, or the schema's default. */
  option(table: OptionName, name: string): number;
  /** The text in a slot of the options. */
  optionText(table: OptionName, slot: number): string;
  /** The list in a slot of the options. */
  optionList(table: OptionName, slot: number): readonly number[] | undefined;
}

/** One function of the file: the first is the network. */
export interface FileSubgraph {
  readonly name: string;
  readonly tensors: readonly FileTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly FileOperator[];
}

/** What a .tflite file says, checked for bounds and references but not for sense. */
export interface TfliteFile {
  readonly file: string;
  readonly subgraphs: readonly FileSubgraph[];
}

const typeNames = new Map<number, TfliteType>(Object.entries(tensorType).map(([name, n]) => [n, name as TfliteType]));
const codeNames = new Map<number, BuiltinOperator>(
  Object.entries(builtinOperator).map(([name, n]) => [n, name as BuiltinOperator]),
);
/** Bytes of an element; 0: has none. */
export const typeBytes: Readonly<Record<TfliteType, number>> = {
  float32: 4,
  int32: 4,
  uint8: 1,
  int64: 8,
  bool: 1,
  int16: 2,
  complex64: 8,
  int8: 1,
  resource: 0,
};

/**
 * Reads the tables of a .tflite file. Every offset, list and size is checked before it is used.
 * @param file name for error messages
 * @throws FormatError where the bytes are no .tflite file, or one of element types that are not known
 */
export function readTfliteFile(bytes: Uint8Array, file: string): TfliteFile {
  const reader = new BoundedReader(bytes, file);
  const model = reader.root();
  const codes = reader.tables(model, 1, mostOperators).map((table) => readCode(reader, table));
  const buffers = reader.tables(model, 4, mostTensors);
  const subgraphs = reader.tables(model, 2, mostSubgraphs);
  if (subgraphs.length === 0) reader.refuse(model, "there is no graph");
  const budget = { elements: mostElements };
  return { file, subgraphs: subgraphs.map((table) => readSubgraph(reader, table, codes, buffers, budget, file)) };
}

interface Code {
  readonly code: BuiltinOperator | "unknown";
  readonly name: string;
}

function readCode(reader: BoundedReader, table: number): Code {
  const old = reader.field(table, 0);
  const now = reader.field(table, 3);
  const number = Math.max(old === undefined ? 0 : reader.int8(old), now === undefined ? 0 : reader.int32(now));
  const code = codeNames.get(number) ?? "unknown";
  if (code === "CUSTOM") return { code, name: `custom ${JSON.stringify(reader.text(table, 1).slice(0, 60))}` };
  return { code, name: code === "unknown" ? `builtin operator ${number}` : code };
}

function readSubgraph(
  reader: BoundedReader,
  table: number,
  codes: readonly Code[],
  buffers: readonly number[],
  budget: { elements: number },
  file: string,
): FileSubgraph {
  const tensors = reader.tables(table, 0, mostTensors).map((t, i) => readTensor(reader, t, i, buffers, budget, file));
  const references = (from: number, slot: number, place: string, least: number): number[] => {
    const list = reader.integers(from, slot, mostArguments) ?? [];
    for (const index of list)
      if (index < least || index >= tensors.length) reader.refuse(place, `tensor ${index} of ${tensors.length}`);
    return list;
  };
  const operators = reader.tables(table, 3, mostOperators).map((at, i): FileOperator => {
    const codeAt = reader.field(at, 0);
    const index = codeAt === undefined ? 0 : reader.uint32(codeAt);
    const code = codes[index];
    if (!code) return reader.refuse(`operator ${i}`, `operator code ${index} of ${codes.length}`);
    const place = `operator ${i} (${code.name})`;
    const inputs = references(at, 1, place, -1);
    const outputs = references(at, 2, place, 0);
    return { place, code: code.code, inputs, outputs, ...optionsOf(reader, at, place) };
  });
  const inputs = references(table, 1, "inputs", 0);
  const outputs = references(table, 2, "outputs", 0);
  return { name: reader.text(table, 4), tensors, inputs, outputs, operators };
}

function optionsOf(reader: BoundedReader, operator: number, place: string) {
  const tableOf = (name: OptionName): number | undefined => {
    const kind = reader.field(operator, 3);
    const options = reader.table(operator, 4);
    const union = kind === undefined ? 0 : reader.uint8(kind);
    if (options === undefined || union === 0) return undefined;
    if (union !== optionTables[name].union)
      reader.refuse(place, `options of kind ${union} instead of ${optionTables[name].union}`);
    return options;
  };
  return {
    option: (name: OptionName, field: string): number => {
      const known = (optionTables[name] as OptionTable).fields[field];
      if (!known) throw new Error(`option ${field} is not in the schema`);
      const [slot, kind, fallback] = known;
      const options = tableOf(name);
      const at = options === undefined ? undefined : reader.field(options, slot);
      if (at === undefined) return fallback;
      if (kind === "i32") return reader.int32(at);
      return kind === "f32" ? reader.float32(at) : reader.int8(at);
    },
    optionText: (name: OptionName, slot: number): string => {
      const options = tableOf(name);
      return options === undefined ? "" : reader.text(options, slot);
    },
    optionList: (name: OptionName, slot: number): readonly number[] | undefined => {
      const options = tableOf(name);
      return options === undefined ? undefined : reader.integers(options, slot, mostAxes);
    },
  };
}

function readTensor(
  reader: BoundedReader,
  table: number,
  index: number,
  buffers: readonly number[],
  budget: { elements: number },
  file: string,
): FileTensor {
  const name = reader.text(table, 3);
  const place = `tensor ${index}${name === "" ? "" : ` (${name.slice(0, 80)})`}`;
  const shape = reader.integers(table, 0, mostAxes) ?? [];
  const typeAt = reader.field(table, 1);
  const typeNumber = typeAt === undefined ? 0 : reader.int8(typeAt);
  const type = typeNames.get(typeNumber);
  if (!type) throw new FormatError(file, place, `its elements are of TFLite's type ${typeNumber}`, "that type is not supported");
  if (shape.some((n) => n < 0)) reader.refuse(place, `a size of [${shape.join(",")}]`);
  const elements = type === "resource" ? 0 : sizeOf(shape);
  budget.elements -= elements;
  if (!(budget.elements >= 0)) reader.refuse(place, `[${shape.join(",")}]: all tensors have more than ${mostElements} elements`);
  const data = dataOf(reader, table, buffers, place);
  if (data && data.length !== elements * typeBytes[type])
    reader.refuse(place, `${data.length} bytes for ${type}[${shape.join(",")}]`);
  const quantization = quantizationOf(reader, table, shape, place);
  return { name, shape, type, ...(data ? { data } : {}), ...(quantization ? { quantization } : {}) };
}

/** Constant content; an empty buffer stands for none. */
function dataOf(reader: BoundedReader, table: number, buffers: readonly number[], place: string): Uint8Array | undefined {
  const at = reader.field(table, 2);
  const index = at === undefined ? 0 : reader.uint32(at);
  if (index === 0) return undefined;
  const buffer = buffers[index];
  if (buffer === undefined) return reader.refuse(place, `buffer ${index} of ${buffers.length}`);
  const span = reader.vector(reader.field(buffer, 0), 1);
  return span && span.length > 0 ? reader.bytes(span) : undefined;
}

function quantizationOf(reader: BoundedReader, table: number, shape: readonly number[], place: string): Quantization | undefined {
  const at = reader.table(table, 4);
  if (at === undefined) return undefined;
  const scale = reader.floats(at, 2, mostChannels);
  if (scale.length === 0) return undefined;
  const zeros = reader.longs(at, 3, mostChannels);
  const zeroPoint = zeros.length === 0 ? scale.map(() => 0) : zeros;
  if (zeroPoint.length !== scale.length) reader.refuse(place, `${scale.length} scales and ${zeroPoint.length} zero points`);
  if (!scale.every((s) => s > 0 && Number.isFinite(s))) reader.refuse(place, "a scale that is not above 0");
  if (scale.length === 1) return { scale, zeroPoint };
  const axisAt = reader.field(at, 6);
  const axis = axisAt === undefined ? 0 : reader.int32(axisAt);
  if (shape[axis] !== scale.length) reader.refuse(place, `${scale.length} scales along axis ${axis} of [${shape.join(",")}]`);
  return { scale, zeroPoint, axis };
}
