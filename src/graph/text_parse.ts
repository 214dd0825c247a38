import { UserError } from "../base/errors.js";
import { findOp } from "./ops/index.js";
import { TextCursor } from "./text_cursor.js";
import type {
  Attribute,
  DType,
  Graph,
  Initializer,
  NamedValue,
  Node,
  Parameter,
  State,
  TensorType,
  TimeAxis,
  Value,
} from "./types.js";

/** Bounds of what a text may ask for; a graph of the zoo stays far below all of them. */
export const graphTextLimits = {
  characters: 1 << 25,
  values: 1 << 20,
  dimensions: 8,
  /** Elements of one tensor. */
  elements: 2 ** 31 - 1,
  listItems: 1 << 16,
  nestedGraphs: 8,
} as const;

const dtypes = new Set<string>(["f32", "f64", "i32", "i16", "i8", "u8"]);

/**
 * Reads what `printGraph` wrote. Values are numbered anew; types are taken as written, so run `verifyGraph` on the
 * result where the text comes from outside.
 * @param file name for error messages
 * @throws FormatError with the line, where the text is no graph, names an unknown op or exceeds `graphTextLimits`
 */
export function parseGraph(text: string, file = "graph text"): Graph {
  const lines = new Lines(text, file);
  const graph = new GraphParser(lines, 0).parse(lines.next("a graph"));
  while (!lines.done()) lines.next("").end();
  return graph;
}

/** The lines of the text, without empty ones and comments (#). */
class Lines {
  readonly #lines: string[];
  readonly #file: string;
  #at = 0;
  #values = 0;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#lines = [];
    if (text.length > graphTextLimits.characters) this.cursor("").fail(`the text has ${text.length} characters`);
    this.#lines = text.split("\n");
    this.#skip();
  }

  cursor(text: string): TextCursor {
    return new TextCursor(this.#file, Math.min(this.#at + 1, Math.max(this.#lines.length, 1)), text);
  }

  #skip(): void {
    while (this.#at < this.#lines.length && /^\s*(#.*)?$/.test(this.#lines[this.#at])) this.#at++;
  }

  done(): boolean {
    return this.#at >= this.#lines.length;
  }

  next(what: string): TextCursor {
    if (this.done()) this.cursor("").fail(`expected ${what}, and the text ends`);
    const cursor = this.cursor(this.#lines[this.#at].trimEnd());
    this.#at++;
    this.#skip();
    return cursor;
  }

  countValue(cursor: TextCursor): void {
    if (++this.#values > graphTextLimits.values) cursor.fail(`more than ${graphTextLimits.values} values`);
  }
}

class GraphParser {
  readonly #lines: Lines;
  readonly #depth: number;
  readonly #values: Value[] = [];
  readonly #inputs: NamedValue[] = [];
  readonly #parameters: Parameter[] = [];
  readonly #states: { name: string; input: Value; output?: Value }[] = [];
  readonly #nodes: Node[] = [];
  readonly #outputs: NamedValue[] = [];

  constructor(lines: Lines, depth: number) {
    this.#lines = lines;
    this.#depth = depth;
  }

  /** @param cursor stands before "graph" */
  parse(cursor: TextCursor): Graph {
    if (this.#depth > graphTextLimits.nestedGraphs) cursor.fail(`graphs are nested deeper than ${graphTextLimits.nestedGraphs}`);
    cursor.expect("graph ");
    const name = cursor.name("the name of the graph");
    cursor.end();
    for (;;) {
      const line = this.#lines.next("'end'");
      if (line.take("%")) this.#node(line);
      else if (this.#statement(line)) break;
    }
    const states = this.#states as State[];
    return { name, inputs: this.#inputs, parameters: this.#parameters, states, nodes: this.#nodes, outputs: this.#outputs };
  }

  /** A line that starts with a word; true at the end of the graph. */
  #statement(line: TextCursor): boolean {
    const word = line.word("a statement or %");
    switch (word) {
      case "input":
        this.#inputs.push({ name: line.name("a name"), value: this.#definition(line) });
        break;
      case "parameter":
      case "buffer":
        this.#parameter(line, word === "parameter");
        break;
      case "state":
        this.#states.push({ name: line.name("a name"), input: this.#definition(line) });
        break;
      case "next":
        this.#next(line);
        break;
      case "output":
        this.#output(line);
        break;
      case "end":
        for (const s of this.#states) if (!s.output) line.fail(`state ${s.name} has no 'next'`);
        break;
      default:
        line.fail(`unknown statement '${word}'`);
    }
    line.end();
    return word === "end";
  }

  #parameter(line: TextCursor, trainable: boolean): void {
    const name = line.name("a name");
    const value = this.#definition(line);
    line.expect("=");
    this.#parameters.push({ name, value, initializer: readInitializer(line), trainable });
  }

  #next(line: TextCursor): void {
    const name = line.name("a name");
    line.expect("=");
    const state = this.#states.find((s) => s.name === name && !s.output);
    if (!state) line.fail(`there is no state ${name} left to set`);
    state.output = this.#use(line);
  }

  #output(line: TextCursor): void {
    const name = line.name("a name");
    line.expect("=");
    this.#outputs.push({ name, value: this.#use(line) });
  }

  /** "%3: f32[1,49]", where 3 must be the next number. */
  #definition(line: TextCursor): Value {
    line.expect("%");
    return this.#defineAfterPercent(line);
  }

  #defineAfterPercent(line: TextCursor): Value {
    this.#lines.countValue(line);
    const id = line.count("the number of a value", graphTextLimits.values);
    if (id !== this.#values.length) line.fail(`the next value must be %${this.#values.length}, not %${id}`);
    line.expect(":");
    const value: Value = { id, type: readType(line) };
    this.#values.push(value);
    return value;
  }

  #use(line: TextCursor): Value {
    line.expect("%");
    const id = line.count("the number of a value", graphTextLimits.values);
    const value = this.#values[id];
    if (!value) line.fail(`%${id} is used before it is defined`);
    return value;
  }

  /** @param line stands after the first % */
  #node(line: TextCursor): void {
    // Outputs become visible only after the inputs have been read, so that no node can use its own result.
    const before = this.#values.length;
    const outputs = [this.#defineAfterPercent(line)];
    while (line.take(",")) outputs.push(this.#definition(line));
    line.expect("=");
    const op = line.name("the name of an op");
    requireOp(op, line);
    const inputs = this.#arguments(line, before);
    const attributes = readAttributes(line);
    const hasBody = line.take("body");
    line.end();
    const body = hasBody ? new GraphParser(this.#lines, this.#depth + 1).parse(this.#lines.next("the body's graph")) : undefined;
    this.#nodes.push({ op, inputs, outputs, attributes, ...(body ? { body } : {}) });
  }

  #arguments(line: TextCursor, defined: number): Value[] {
    const inputs: Value[] = [];
    line.expect("(");
    if (line.take(")")) return inputs;
    do {
      const value = this.#use(line);
      if (value.id >= defined) line.fail(`%${value.id} is used before it is defined`);
      inputs.push(value);
    } while (line.take(","));
    line.expect(")");
    return inputs;
  }
}

function requireOp(op: string, line: TextCursor): void {
  try {
    findOp(op);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    line.fail(`unknown op '${op}'`);
  }
}

function readType(line: TextCursor): TensorType {
  const dtype = line.word("an element type");
  if (!dtypes.has(dtype)) line.fail(`unknown element type '${dtype}'`);
  const type: { dtype: DType; shape: number[]; time?: TimeAxis; quantization?: TensorType["quantization"] } = {
    dtype: dtype as DType,
    shape: readShape(line),
  };
  if (line.take("time(")) type.time = readTime(line, type.shape.length);
  if (line.take("quantized(")) type.quantization = readQuantization(line);
  return type;
}

function readShape(line: TextCursor): number[] {
  const shape: number[] = [];
  line.expect("[");
  if (line.take("]")) return shape;
  let elements = 1;
  do {
    const size = line.count("a dimension", graphTextLimits.elements);
    elements *= Math.max(size, 1);
    shape.push(size);
    if (shape.length > graphTextLimits.dimensions) line.fail(`more than ${graphTextLimits.dimensions} dimensions`);
    if (elements > graphTextLimits.elements) line.fail(`a tensor of more than ${graphTextLimits.elements} elements`);
  } while (line.take(","));
  line.expect("]");
  return shape;
}

function readTime(line: TextCursor, dimensions: number): TimeAxis {
  const axis = line.count("the time axis", Math.max(dimensions - 1, 0));
  line.expect(",");
  const rate = line.number();
  line.expect(",");
  const delay = line.number();
  line.expect(")");
  return { axis, rate, delay };
}

function readQuantization(line: TextCursor): TensorType["quantization"] {
  const scale = readList(line);
  line.expect(",");
  const zeroPoint = readList(line);
  const axis = line.take(",") ? readAxis(line) : undefined;
  line.expect(")");
  if (!scale.every((s) => typeof s === "number") || !zeroPoint.every((z) => typeof z === "number"))
    line.fail("scales are numbers");
  return { scale: scale as number[], zeroPoint: zeroPoint as number[], ...(axis === undefined ? {} : { axis }) };
}

function readAxis(line: TextCursor): number {
  line.expect("axis");
  return line.count("an axis", graphTextLimits.dimensions - 1);
}

function readInitializer(line: TextCursor): Initializer {
  const kind = line.word("an initializer");
  switch (kind) {
    case "zeros":
    case "ones":
    case "orthogonal":
      return { kind };
    case "constant":
      return { kind, value: readNumbers(line, 1)[0] };
    case "parts":
      return { kind, values: readParts(line) };
    case "uniform":
      return { kind, limits: readParts(line) };
    case "truncated_normal":
    case "normal":
      return { kind, deviation: readNumbers(line, 1)[0] };
    case "glorot_uniform": {
      const [fanIn, fanOut] = readNumbers(line, 2);
      return { kind, fanIn, fanOut };
    }
    default:
      return line.fail(`unknown initializer '${kind}'`);
  }
}

/** A list of numbers in brackets, one for each of equal parts of the last axis. */
function readParts(line: TextCursor): number[] {
  line.expect("(");
  const values = readList(line);
  line.expect(")");
  if (values.length === 0 || !values.every((value) => typeof value === "number")) line.fail("parts are numbers");
  return values as number[];
}

function readNumbers(line: TextCursor, count: number): number[] {
  const numbers: number[] = [];
  line.expect("(");
  for (let i = 0; i < count; i++) {
    if (i > 0) line.expect(",");
    numbers.push(line.number());
  }
  line.expect(")");
  return numbers;
}

function readAttributes(line: TextCursor): Record<string, Attribute> {
  // No prototype: an attribute may be called __proto__ without harm.
  const attributes: Record<string, Attribute> = Object.create(null) as Record<string, Attribute>;
  if (!line.take("{")) return { ...attributes };
  do {
    const key = line.name("the name of an attribute");
    if (key in attributes) line.fail(`attribute ${key} stands twice`);
    line.expect("=");
    attributes[key] = readAttribute(line);
  } while (line.take(","));
  line.expect("}");
  return { ...attributes };
}

function readAttribute(line: TextCursor): Attribute {
  if (line.take("true")) return true;
  if (line.take("false")) return false;
  if (line.atString()) return line.string();
  if (!line.take("[")) return line.number();
  return readListRest(line);
}

function readList(line: TextCursor): readonly number[] | readonly string[] {
  line.expect("[");
  return readListRest(line);
}

function readListRest(line: TextCursor): readonly number[] | readonly string[] {
  const items: (number | string)[] = [];
  if (line.take("]")) return [];
  do {
    const text = line.atString();
    if (items.length > 0 && text !== (typeof items[0] === "string")) line.fail("a list holds either numbers or texts");
    items.push(text ? line.string() : line.number());
    if (items.length > graphTextLimits.listItems) line.fail(`a list of more than ${graphTextLimits.listItems} items`);
  } while (line.take(","));
  line.expect("]");
  return items as number[] | string[];
}
