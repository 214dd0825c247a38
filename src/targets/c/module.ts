import { invariant } from "../../base/errors.js";
import { type Lowered, lowerGraph } from "../../engine/lower.js";
import type { Storage } from "../../engine/memory.js";
import { numberOf } from "../../graph/attributes.js";
import { type Graph, sizeOf, type TensorType, type Value } from "../../graph/types.js";
import type { Buffer as KernelBuffer } from "../../kernels/language.js";
import type { Instruction, Offset } from "../../kernels/program.js";
import { type ArrayData, arrayText, elementType, floatLiteral } from "./arrays.js";
import { fuseBias } from "./fuse_bias.js";
import { helpersFor } from "./helpers.js";
import { kernelText } from "./kernel_text.js";
import { CLibrary, type LibraryCall } from "./library.js";

/** Bytes to whose multiples tensors are rounded on a microcontroller: whole words. */
const wordBytes = 4;

const elements: Readonly<Record<string, string>> = {
  f32: "float",
  i32: "int32_t",
  i16: "int16_t",
  i8: "int8_t",
  u8: "uint8_t",
};

/** A graph as a function of a module, and where its tensors lie. */
export interface CFunction {
  /** C's expression for the first element of an input, output or state, and its type. */
  place(name: string): { readonly text: string; readonly element: string; readonly type: TensorType };
  /** Names of the states. */
  readonly states: readonly string[];
}

/** Values of a graph's parameters by name. */
export type ParameterValues = ReadonlyMap<string, ArrayData>;

/** One C file in the making: graphs as functions over one arena, with functions and data shared between them. */
export class CModule {
  readonly #functions = new Map<string, string>();
  readonly #sources = new Set<string>();
  readonly #arrays = new Map<string, string>();
  readonly #arrayTexts: string[] = [];
  readonly #bodies: string[] = [];
  readonly #variables = new Map<string, { element: string; count: number; bytes: number }>();
  readonly #vectors: boolean;
  #arenaBytes = 0;
  #dataBytes = 0;

  /** @param vectors whether the core has vectors of 16 bytes */
  constructor(vectors = false) {
    this.#vectors = vectors;
  }

  /** Bytes of RAM: the arena, and what is kept from run to run. */
  get ramBytes(): number {
    const kept = [...this.#variables.values()].reduce(
      (sum, v) => sum + Math.ceil((v.count * v.bytes) / wordBytes) * wordBytes,
      0,
    );
    return this.#arenaBytes + kept;
  }

  /** Bytes that the functions share one after another. */
  get arenaBytes(): number {
    return this.#arenaBytes;
  }

  /** Bytes of weights and tables in flash. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** A static variable that is kept from run to run; of one name, the largest. */
  variable(name: string, element: string, count: number, bytes: number): void {
    const known = this.#variables.get(name);
    if (!known || known.count < count) this.#variables.set(name, { element, count, bytes });
  }

  /** The name of data in flash; equal data is kept once. */
  array(data: ArrayData, hint: string): string {
    const key = `${elementType(data)} ${bytesText(data)}`;
    const known = this.#arrays.get(key);
    if (known) return known;
    const name = `${hint}_${this.#arrays.size}`;
    this.#arrays.set(key, name);
    this.#arrayTexts.push(arrayText(name, data));
    this.#dataBytes += data.byteLength;
    return name;
  }

  /** Adds a graph as `static void name(void)`. Graphs of one family share inputs, outputs and states of equal names. */
  add(name: string, graph: Graph, parameters: ParameterValues, family = name): CFunction {
    const values = knownValues(graph, parameters);
    const library = new CLibrary((value) => values.get(value), this.#vectors);
    const lowered = lowerGraph(fuseBiases(graph, values), { lanes: 1, registers: 8, alignment: wordBytes, library });
    const places = this.#persistentPlaces(family, graph, parameters, lowered);
    const base = Math.max(0, ...[...places.keys()].map((s) => s.offset + s.bytes));
    this.#arenaBytes = Math.max(this.#arenaBytes, lowered.bytes - base);
    const names = this.#kernelNames(lowered, library);
    const pointer = (offset: Offset, buffer: KernelBuffer, depth: number): string =>
      pointerText(offset, buffer, places, base, depth);
    const lines: string[] = [];
    printCalls(lowered.program.instructions, 0, lines, (call, depth) => {
      const kernel = lowered.program.kernels[call.kernel]!;
      const pointers = call.offsets.map((o, i) => pointer(o, kernel.buffers[i]!, depth));
      const { callee, first, last } = names[call.kernel]!;
      return `${callee}(${[...first, ...pointers, ...last].join(", ")});`;
    });
    this.#bodies.push(`static void ${name}(void) {\n${lines.join("\n")}\n}`);
    const kept = new Map([...places].map(([storage, text]) => [storage.offset, text]));
    return {
      states: graph.states.map((s) => s.name),
      place: (tensor) => {
        const binding = lowered.bindings.get(tensor);
        invariant(binding, `no tensor ${tensor}`);
        return { text: kept.get(binding.offset)!, element: elements[binding.type.dtype]!, type: binding.type };
      },
    };
  }

  /** C's names of what is kept: parameters and constants in flash, the rest in RAM. Parameters that nothing reads are left out. */
  #persistentPlaces(family: string, graph: Graph, parameters: ParameterValues, lowered: Lowered): Map<Storage, string> {
    const read = new Set<number>();
    eachOffset(lowered.program.instructions, (offset) => read.add(offset.base));
    const constants = new Map(lowered.constants.map((c) => [c.offset, c.data as ArrayData]));
    const inFlash = new Set(graph.parameters.map((p) => p.name));
    const names = new Map([...lowered.bindings].map(([tensor, { offset }]) => [offset, tensor]));
    const places = new Map<Storage, string>();
    for (const s of lowered.storages.filter((storage) => storage.persistent)) {
      const tensor = names.get(s.offset);
      const constant = constants.get(s.offset);
      const isRead = [...read].some((at) => at >= s.offset && at < s.offset + s.bytes);
      if (constant) places.set(s, isRead ? this.array(constant, "table") : "0");
      else if (tensor !== undefined && inFlash.has(tensor))
        places.set(s, isRead ? this.array(parameters.get(tensor)!, identifier(tensor)) : "0");
      else if (tensor !== undefined) {
        const { type } = lowered.bindings.get(tensor)!;
        const variable = `${family}_${identifier(tensor)}`;
        this.variable(
          variable,
          elements[type.dtype]!,
          sizeOf(type.shape),
          type.dtype === "i8" || type.dtype === "u8" ? 1 : type.dtype === "i16" ? 2 : 4,
        );
        places.set(s, variable);
      }
    }
    return places;
  }

  #kernelNames(lowered: Lowered, library: CLibrary): { callee: string; first: string[]; last: string[] }[] {
    return lowered.program.kernels.map((kernel) => {
      const call = library.calls.get(kernel);
      if (call) return { callee: call.name, first: [`&${this.#descriptor(call)}`], last: [] };
      const text = kernelText(kernel, "KERNEL");
      let callee = this.#functions.get(text);
      if (callee === undefined) {
        callee = `${identifier(kernel.name)}_${this.#functions.size}`;
        this.#functions.set(text, callee);
      }
      return { callee, first: [], last: ["0", String(kernel.extent)] };
    });
  }

  #descriptor(call: LibraryCall): string {
    for (const source of call.sources) this.#sources.add(source);
    const members = call.members.map((m) => {
      if (typeof m === "number") return String(m);
      return "float" in m ? floatLiteral(m.float) : this.array(m, "data");
    });
    const name = `layer_${this.#arrayTexts.length}`;
    this.#arrayTexts.push(`static const ${call.descriptorType} ${name} = {${members.join(", ")}};`);
    this.#dataBytes += 4 * members.length;
    return name;
  }

  /** The whole file but for includes and public functions. */
  text(publicCode: string): string {
    const functions = [...this.#functions].map(([text, name]) => text.replace("KERNEL(", `${name}(`));
    const code = [...this.#sources, ...functions, ...this.#bodies, publicCode];
    const types = [...this.#sources].filter((s) => s.startsWith("typedef"));
    const rest = [...this.#sources].filter((s) => !s.startsWith("typedef"));
    const variables = [...this.#variables].map(([name, v]) => `static ${v.element} ${name}[${v.count}] WORD_ALIGNED;`);
    const arena =
      this.#arenaBytes > 0
        ? `static union {\n  unsigned char bytes[${this.#arenaBytes}];\n  uint32_t words;\n  float floats;\n} arena;`
        : "";
    return [
      wordAligned,
      arena,
      ...variables,
      ...types,
      ...this.#arrayTexts,
      helpersFor(code.join("\n")),
      ...rest,
      ...functions,
      ...this.#bodies,
      publicCode,
    ]
      .filter((part) => part !== "")
      .join("\n\n");
  }
}

/** What is known when the program is written: parameters, also as cells of scans have them. */
function knownValues(graph: Graph, parameters: ParameterValues): Map<Value, ArrayData> {
  const values = new Map<Value, ArrayData>();
  for (const { name, value } of graph.parameters) if (parameters.has(name)) values.set(value, parameters.get(name)!);
  const cells = graph.nodes.filter((n) => n.op === "scan");
  const shared = new Set(cells.map((n) => n.body).filter((b, i, all) => all.indexOf(b) !== i));
  for (const { body, inputs, attributes } of cells) {
    if (shared.has(body)) continue;
    const carried = numberOf(attributes, "states") + numberOf(attributes, "sequences");
    body!.inputs.slice(carried).forEach(({ value }, i) => {
      const known = values.get(inputs[carried + i]!);
      if (known) values.set(value, known);
    });
  }
  return values;
}

function fuseBiases(graph: Graph, values: ReadonlyMap<Value, ArrayData>): Graph {
  const isKnown = (value: Value): boolean => values.has(value);
  const nodes = graph.nodes.map((n) => (n.op === "scan" ? { ...n, body: fuseBias(n.body!, isKnown) } : n));
  return fuseBias({ ...graph, nodes }, isKnown);
}

const wordAligned = `#if defined(__GNUC__)
#define WORD_ALIGNED __attribute__((aligned(4)))
#else
#define WORD_ALIGNED
#endif`;

function bytesText(data: ArrayData): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

/** A name that C takes. */
export function identifier(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");
}

function eachOffset(instructions: readonly Instruction[], visit: (offset: Offset) => void): void {
  for (const i of instructions) {
    if (i.kind === "call") i.offsets.forEach(visit);
    else eachOffset(i.body, visit);
  }
}

function pointerText(
  offset: Offset,
  buffer: KernelBuffer,
  places: ReadonlyMap<Storage, string>,
  base: number,
  depth: number,
): string {
  const turns = offset.strides
    .slice(0, depth)
    .map((stride, i) => (stride === 0 ? "" : ` + ${stride} * turn_${i}`))
    .join("");
  const type = `${buffer.written ? "" : "const "}${elements[buffer.element]} *`;
  for (const [s, text] of places)
    if (offset.base >= s.offset && offset.base < s.offset + s.bytes) {
      const at = offset.base - s.offset;
      if (at === 0 && turns === "") return text;
      const bytes = `${buffer.written ? "" : "const "}unsigned char *`;
      return `(${type})(${buffer.written ? "" : "const "}void *)((${bytes})${text} + ${at}${turns})`;
    }
  return `(${type})(void *)(arena.bytes + ${offset.base - base}${turns})`;
}

function printCalls(
  instructions: readonly Instruction[],
  depth: number,
  out: string[],
  callText: (call: Instruction & { kind: "call" }, depth: number) => string,
): void {
  const indent = "  ".repeat(depth + 1);
  for (const instruction of instructions) {
    if (instruction.kind === "call") out.push(indent + callText(instruction, depth));
    else {
      invariant(instruction.kind === "loop", "a loop over a batch in a program for a microcontroller");
      const turn = `turn_${depth}`;
      const { count } = instruction;
      out.push(
        instruction.reverse
          ? `${indent}for (int32_t ${turn} = ${count - 1}; ${turn} >= 0; ${turn}--) {`
          : `${indent}for (int32_t ${turn} = 0; ${turn} < ${count}; ${turn}++) {`,
      );
      printCalls(instruction.body, depth + 1, out, callText);
      out.push(`${indent}}`);
    }
  }
}
