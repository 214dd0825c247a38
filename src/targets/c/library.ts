import type { TargetLibrary } from "../../engine/target_width.js";
import type { LowerContext, Region } from "../../graph/lower.js";
import { tableValues } from "../../graph/ops/table.js";
import { dtypeBytes, type Node, sizeOf, type Value } from "../../graph/types.js";
import type { ElementType, Kernel } from "../../kernels/language.js";
import { KernelBuilder } from "../../kernels/kernel_builder.js";
import type { ArrayData } from "./arrays.js";
import { type FloatCall, floatCall } from "./float_calls.js";
import { type IntegerCall, integerCall } from "./integer_calls.js";
import { pushRows, ringLayer } from "./library_rings.js";
import { shifts } from "./resident_rings.js";

/** A call of a function that is written in C, not printed from the loop language. */
export interface LibraryCall {
  readonly name: string;
  /** C text of the function and of what it needs, each once in a file and in this order. */
  readonly sources: readonly string[];
  /** C's type of the descriptor, its first argument. */
  readonly descriptorType: string;
  /** Members of the descriptor in order: whole numbers, floats, or data that is kept in flash. */
  readonly members: readonly (number | { readonly float: number } | ArrayData)[];
}

/** Where the values of parameters and constants are known. */
export type ValuesOf = (value: Value) => ArrayData | undefined;

/** Kernels that stand for library calls have no loops. */
function marker(name: string, elements: readonly { element: ElementType; written: boolean }[]): Kernel {
  const k = new KernelBuilder(name);
  for (const { element, written } of elements) k.buffer("p", element, written);
  k.parallel(1, () => {});
  return k.finish();
}

/** What lowers some nodes of a graph to library calls. */
export class CLibrary implements TargetLibrary {
  /** The calls by the kernels that stand for them. */
  readonly calls = new Map<Kernel, LibraryCall>();
  readonly #values: ValuesOf;
  readonly #vectors: boolean;
  readonly #integers = new Map<Node, IntegerCall | undefined>();
  readonly #floats = new Map<Node, FloatCall | undefined>();
  #count = 0;

  /** @param vectors whether the core has vectors of 16 bytes */
  constructor(values: ValuesOf, vectors = false) {
    this.#values = values;
    this.#vectors = vectors;
  }

  constantOf(node: Node): Float32Array | undefined {
    if (node.op !== "table" || node.outputs[0]!.type.dtype !== "f32") return undefined;
    return Float32Array.from(tableValues(node.attributes));
  }

  inPlace(node: Node): number | undefined {
    if (isShift(node)) return 0;
    return (this.#integer(node) ?? this.#float(node))?.inPlace ? 0 : undefined;
  }

  #float(node: Node): FloatCall | undefined {
    if (!this.#floats.has(node)) this.#floats.set(node, floatCall(node, { valuesOf: this.#values, isVector: this.#vectors }));
    return this.#floats.get(node);
  }

  #integer(node: Node): IntegerCall | undefined {
    if (!this.#integers.has(node)) this.#integers.set(node, integerCall(node, this.#values, this.#vectors));
    return this.#integers.get(node);
  }

  lower(node: Node, context: LowerContext): boolean {
    if (isShift(node)) {
      this.#call(context, shiftCall(node), [...context.inputs, context.outputs[0]!], 1);
      return true;
    }
    const integer = this.#integer(node);
    if (integer) {
      const work = integer.workspace > 0 ? [context.workspace("i32", integer.workspace)] : [];
      this.#call(context, integer.call, [context.inputs[0]!, context.outputs[0]!, ...work], 1 + work.length);
      return true;
    }
    const float = this.#float(node);
    if (!float) return false;
    const [x, w] = context.inputs;
    const work = float.workspace > 0 ? [context.workspace("f32", float.workspace)] : [];
    this.#call(context, float.call, [x!, w!, context.outputs[0]!, ...work], 1 + work.length);
    return true;
  }

  /** Calls a function of the library on regions; the last `written` of them are written. */
  #call(context: LowerContext, call: LibraryCall, regions: readonly Region[], written: number): void {
    const elements = regions.map((r, i) => ({ element: r.type.dtype, written: i >= regions.length - written }));
    context.call(
      `library ${this.#count++}`,
      () => {
        const kernel = marker(call.name, elements);
        this.calls.set(kernel, call);
        return kernel;
      },
      regions,
    );
  }
}

const isShift = (node: Node): boolean => node.op === "concat" && node.attributes[shifts] === true;

function shiftCall(node: Node): LibraryCall {
  const bytes = ({ type }: Value): number => sizeOf(type.shape) * dtypeBytes[type.dtype];
  const added = bytes(node.inputs[1]!);
  return {
    name: "push_rows",
    sources: [ringLayer, pushRows],
    descriptorType: "ring_layer",
    members: [bytes(node.outputs[0]!) - added, added],
  };
}
