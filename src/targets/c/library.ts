import type { TargetLibrary } from "../../engine/lower.js";
import { geometryOf } from "../../graph/convolution.js";
import type { LowerContext, Region } from "../../graph/lower.js";
import { tableValues } from "../../graph/ops/table.js";
import { type Node, sizeOf, type Value } from "../../graph/types.js";
import type { ElementType, Kernel } from "../../kernels/language.js";
import { KernelBuilder } from "../../kernels/language.js";
import type { ArrayData } from "./arrays.js";
import { type IntegerCall, integerCall } from "./integer_calls.js";
import { convolutionFloat, depthwiseFloat, floatGeometry } from "./library_float.js";

/** A call of a function that is written in C, not printed from the loop language. */
export interface LibraryCall {
  readonly name: string;
  /** C text of the function and of what it needs, each once in a file and in this order. */
  readonly sources: readonly string[];
  /** C's type of the descriptor, its first argument. */
  readonly descriptorType: string;
  /** Members of the descriptor in order: numbers, or data that is kept in flash. */
  readonly members: readonly (number | ArrayData)[];
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
  readonly #integers = new Map<Node, IntegerCall | undefined>();
  #count = 0;

  constructor(values: ValuesOf) {
    this.#values = values;
  }

  constantOf(node: Node): Float32Array | undefined {
    if (node.op !== "table" || node.outputs[0]!.type.dtype !== "f32") return undefined;
    return Float32Array.from(tableValues(node.attributes));
  }

  inPlace(node: Node): number | undefined {
    return this.#integer(node)?.inPlace ? 0 : undefined;
  }

  #integer(node: Node): IntegerCall | undefined {
    if (!this.#integers.has(node)) this.#integers.set(node, integerCall(node, this.#values));
    return this.#integers.get(node);
  }

  lower(node: Node, context: LowerContext): boolean {
    const integer = this.#integer(node);
    if (integer) {
      const work = context.workspace("i32", integer.workspace);
      this.#call(context, integer.call, [context.inputs[0]!, context.outputs[0]!, work], 2);
      return true;
    }
    if (context.outputs.some((r) => r.type.dtype !== "f32") || context.inputs.some((r) => r.type.dtype !== "f32")) return false;
    if (node.op === "conv2d" || node.op === "depthwise_conv2d") return this.#convolution(node, context);
    if (node.op === "dense") return this.#dense(context);
    return false;
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

  #convolution(node: Node, context: LowerContext): boolean {
    const [x, w] = context.inputs as [Region, Region];
    const g = geometryOf(x.type, w.type.shape, node.attributes);
    if (g.batch !== 1) return false;
    const isDepthwise = node.op === "depthwise_conv2d";
    const channels = x.type.shape[3]!;
    const columns = context.outputs[0]!.type.shape[3]!;
    const members = [
      ...g.input,
      channels,
      ...g.output,
      columns,
      ...g.kernel,
      ...g.strides,
      ...g.dilations,
      g.before[0],
      g.before[1],
    ];
    this.#call(context, floatCall(isDepthwise, members), [x, w, context.outputs[0]!], 1);
    return true;
  }

  #dense(context: LowerContext): boolean {
    const [x, w] = context.inputs as [Region, Region];
    const [inner, columns] = w.type.shape as [number, number];
    const rows = sizeOf(x.type.shape) / inner;
    const members = [1, rows, inner, 1, rows, columns, 1, 1, 1, 1, 1, 1, 0, 0];
    this.#call(context, floatCall(false, members), [x, w, context.outputs[0]!], 1);
    return true;
  }
}

function floatCall(isDepthwise: boolean, members: readonly number[]): LibraryCall {
  return {
    name: isDepthwise ? "depthwise_float" : "convolution_float",
    sources: [floatGeometry, isDepthwise ? depthwiseFloat : convolutionFloat],
    descriptorType: "float_geometry",
    members,
  };
}
