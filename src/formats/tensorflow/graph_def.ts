import { FormatError } from "../../base/errors.js";
import { sizeOf } from "../../graph/types.js";
import { decodeFloats, floatBytes } from "../float_bytes.js";
import { shapeText } from "../foreign_tensor.js";
import { readShape } from "./checkpoint.js";
import { elementTypes, floatTypes } from "./element_types.js";
import { type WireField, WireReader } from "./wire.js";

/** Bytes of the largest graph that is read. */
export const largestGraphDef = 1 << 28;
const mostNodes = 1 << 16;
const mostInputs = 1 << 10;
const mostAttributes = 1 << 8;
/** Elements of all constants together (256 MiB). */
const mostElements = 1 << 26;

/** A constant: floats, or whole numbers. */
export interface ConstantTensor {
  /** "float32", "int32", ... */
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** What a node's attribute says; a text is bytes as UTF-8. */
export type AttributeValue = number | boolean | string | readonly number[] | ConstantTensor;

/** A node of a TensorFlow 1 graph. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** "name", "name:1"; "^name" only says what comes first. */
  readonly inputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/**
 * Reads a GraphDef, the content of a frozen .pb file.
 * @param file name for errors
 * @throws FormatError naming the byte or the node, and what was found
 */
export function readGraphDef(bytes: Uint8Array, file: string): Map<string, GraphNode> {
  const reader = new WireReader(file, "frozen graph (.pb)");
  const nodes = new Map<string, GraphNode>();
  const budget = { elements: mostElements };
  for (const field of reader.fields(bytes)) {
    if (field.number !== 1) continue;
    if (nodes.size === mostNodes) reader.refuse(field.at, `more than ${mostNodes} nodes`);
    const node = readNode(reader, field, budget);
    if (nodes.has(node.name)) reader.refuse(`node ${node.name.slice(0, 120)}`, "stands in the graph twice");
    nodes.set(node.name, node);
  }
  if (nodes.size === 0)
    throw new FormatError(file, "nodes", "there is none", "give a frozen graph (.pb), as freeze.py writes it");
  return nodes;
}

function readNode(reader: WireReader, at: WireField, budget: { elements: number }): GraphNode {
  let name = "";
  let op = "";
  const inputs: string[] = [];
  const attributes = new Map<string, AttributeValue>();
  for (const field of reader.fields(reader.message(at), at.at)) {
    if (field.number === 1) name = reader.text(field);
    if (field.number === 2) op = reader.text(field);
    if (field.number === 3 && inputs.push(reader.text(field)) > mostInputs)
      reader.refuse(field.at, `more than ${mostInputs} inputs`);
    if (field.number !== 5) continue;
    if (attributes.size === mostAttributes) reader.refuse(field.at, `more than ${mostAttributes} attributes`);
    const [key, value] = readAttribute(reader, field, budget);
    if (value !== undefined) attributes.set(key, value);
  }
  return { name, op, inputs, attributes };
}

function readAttribute(reader: WireReader, at: WireField, budget: { elements: number }): [string, AttributeValue | undefined] {
  let key = "";
  let value: AttributeValue | undefined;
  for (const field of reader.fields(reader.message(at), at.at)) {
    if (field.number === 1) key = reader.text(field);
    if (field.number === 2)
      for (const inner of reader.fields(reader.message(field), field.at)) value = readValue(reader, inner, budget) ?? value;
  }
  return [key, value];
}

/** AttrValue: a text, a number, a truth value, a constant or a list of whole numbers; others are left out. */
function readValue(reader: WireReader, field: WireField, budget: { elements: number }): AttributeValue | undefined {
  if (field.number === 1) return readList(reader, field);
  if (field.number === 2) return reader.text(field, 1 << 16);
  if (field.number === 3) return field.value;
  if (field.number === 4)
    return field.type === 5 ? (decodeFloats(field.bytes, "f32")[0] as number) : reader.refuse(field.at, "a float was expected");
  if (field.number === 5) return field.value !== 0;
  return field.number === 8 ? readTensor(reader, field, budget) : undefined;
}

function readList(reader: WireReader, at: WireField): number[] {
  const numbers: number[] = [];
  for (const field of reader.fields(reader.message(at), at.at))
    if (field.number === 3) numbers.push(...reader.numbers(field, mostInputs));
  return numbers.slice(0, mostInputs);
}

/** Number of the field of TensorProto that lists values of a type one by one. */
const listedIn: Readonly<Record<number, string>> = { 5: "float", 6: "double", 7: "whole", 10: "whole", 11: "whole", 13: "half" };

function readTensor(reader: WireReader, at: WireField, budget: { elements: number }): ConstantTensor {
  let type = 0;
  let shape: number[] = [];
  let content: Uint8Array | undefined;
  const listed: number[] = [];
  for (const field of reader.fields(reader.message(at), at.at)) {
    if (field.number === 1) type = field.value;
    if (field.number === 2) shape = readShape(reader, reader.message(field), field.at);
    if (field.number === 4) content = reader.message(field);
    const kind = listedIn[field.number];
    if (kind !== undefined) for (const value of listedValues(reader, field, kind)) listed.push(value);
  }
  const elements = sizeOf(shape);
  budget.elements -= elements;
  if (!(budget.elements >= 0)) reader.refuse(at.at, `${shapeText(shape)}: all constants have more than ${mostElements} elements`);
  const name = elementTypes.get(type) ?? `type ${type}`;
  return { type: name, shape, data: valuesOf(reader, at, name, elements, content, listed) };
}

function listedValues(reader: WireReader, field: WireField, kind: string): ArrayLike<number> & Iterable<number> {
  if (kind === "float" && field.type !== 0) return decodeFloats(field.bytes, "f32");
  if (kind === "double" && field.type !== 0) return decodeFloats(field.bytes, "f64");
  const numbers = reader.numbers(field, mostElements);
  return kind === "half" ? decodeFloats(new Uint8Array(Uint16Array.from(numbers).buffer), "f16") : numbers;
}

/** Content as bytes, or values one by one, of which the last stands for all that follow. */
function valuesOf(
  reader: WireReader,
  at: WireField,
  type: string,
  elements: number,
  content: Uint8Array | undefined,
  listed: readonly number[],
): Float32Array | Float64Array {
  const kind = floatTypes.get(type);
  if (content !== undefined && content.length > 0) {
    const bytes = kind === undefined ? wholeBytes[type] : floatBytes[kind];
    if (bytes === undefined) return new Float64Array(0);
    if (content.length !== bytes * elements) reader.refuse(at.at, `${content.length} bytes for ${elements} elements of ${type}`);
    return kind === undefined ? wholeNumbers(content, bytes) : decodeFloats(content, kind);
  }
  if (listed.length > elements) reader.refuse(at.at, `${listed.length} values for ${elements} elements`);
  const data = kind === undefined ? new Float64Array(elements) : new Float32Array(elements);
  for (let i = 0; i < elements; i++) data[i] = listed[Math.min(i, listed.length - 1)] ?? 0;
  return data;
}

const wholeBytes: Readonly<Record<string, number>> = { int32: 4, int64: 8, uint8: 1, int8: 1, bool: 1 };

function wholeNumbers(bytes: Uint8Array, size: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (at: number): number => {
    if (size === 4) return view.getInt32(at, true);
    return size === 8 ? Number(view.getBigInt64(at, true)) : view.getInt8(at);
  };
  return Float64Array.from({ length: bytes.length / size }, (_, i) => read(i * size));
}
