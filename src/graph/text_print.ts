import { type Attribute, type Graph, type Initializer, type Node, type TensorType, type Value, typeText } from "./types.js";

/** A name as it stands in the text: bare where it is a plain path, else a JSON string. */
export function nameText(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_./:-]*$/.test(name) ? name : JSON.stringify(name);
}

/** A number that reads back to the same bits. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** "f32[1,49,10] time(1,1,0) quantized([0.5],[3],axis 1)". */
export function fullTypeText(type: TensorType): string {
  let text = typeText(type);
  if (type.time) text += ` time(${type.time.axis},${numberText(type.time.rate)},${numberText(type.time.delay)})`;
  if (type.quantization) {
    const { scale, zeroPoint, axis } = type.quantization;
    const lists = `${listText(scale)},${listText(zeroPoint)}`;
    text += ` quantized(${lists}${axis === undefined ? "" : `,axis ${axis}`})`;
  }
  return text;
}

function listText(values: readonly (number | string)[]): string {
  return `[${values.map((v) => (typeof v === "number" ? numberText(v) : JSON.stringify(v))).join(",")}]`;
}

function attributeText(value: Attribute): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "boolean") return String(value);
  return listText(value);
}

function initializerText(initializer: Initializer): string {
  switch (initializer.kind) {
    case "constant":
      return `constant(${numberText(initializer.value)})`;
    case "parts":
      return `parts(${listText(initializer.values)})`;
    case "uniform":
      return `uniform(${listText(initializer.limits)})`;
    case "glorot_uniform":
      return `glorot_uniform(${numberText(initializer.fanIn)},${numberText(initializer.fanOut)})`;
    case "truncated_normal":
    case "normal":
      return `${initializer.kind}(${numberText(initializer.deviation)})`;
    default:
      return initializer.kind;
  }
}

class Printer {
  readonly #lines: string[] = [];

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  graph(graph: Graph, indent: string): void {
    const numbers = new Map<Value, number>();
    const define = (value: Value): string => {
      numbers.set(value, numbers.size);
      return `%${numbers.size - 1}: ${fullTypeText(value.type)}`;
    };
    const use = (value: Value): string => `%${numbers.get(value) ?? `undefined_${value.id}`}`;
    const line = (text: string): number => this.#lines.push(`${indent}  ${text}`);

    this.#lines.push(`${indent}graph ${nameText(graph.name)}`);
    for (const { name, value } of graph.inputs) line(`input ${nameText(name)} ${define(value)}`);
    for (const p of graph.parameters) {
      const word = p.trainable ? "parameter" : "buffer";
      line(`${word} ${nameText(p.name)} ${define(p.value)} = ${initializerText(p.initializer)}`);
    }
    for (const s of graph.states) line(`state ${nameText(s.name)} ${define(s.input)}`);
    for (const node of graph.nodes) this.#node(node, indent, define, use);
    for (const s of graph.states) line(`next ${nameText(s.name)} = ${use(s.output)}`);
    for (const { name, value } of graph.outputs) line(`output ${nameText(name)} = ${use(value)}`);
    this.#lines.push(`${indent}end`);
  }

  #node(node: Node, indent: string, define: (value: Value) => string, use: (value: Value) => string): void {
    const inputs = node.inputs.map(use).join(", ");
    const outputs = node.outputs.map(define).join(", ");
    const attributes = Object.keys(node.attributes)
      .filter((key) => node.attributes[key] !== undefined)
      .toSorted()
      .map((key) => `${nameText(key)}=${attributeText(node.attributes[key] as Attribute)}`)
      .join(", ");
    const braces = attributes === "" ? "" : ` {${attributes}}`;
    this.#lines.push(`${indent}  ${outputs} = ${nameText(node.op)}(${inputs})${braces}${node.body ? " body" : ""}`);
    if (node.body) this.graph(node.body, `${indent}    `);
  }
}

/**
 * The graph as readable text, one value a line, the same for equal graphs: values are numbered in the order in
 * which they are defined, attributes stand in alphabetical order, and numbers read back to the same bits.
 */
export function printGraph(graph: Graph): string {
  const printer = new Printer();
  printer.graph(graph, "");
  return printer.text();
}
