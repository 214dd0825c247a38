import { RandomStream } from "../../src/base/random.js";
import { javaScriptPrelude, printJavaScript } from "../../src/kernels/javascript.js";
import { type ElementType, elementBytes, type Kernel } from "../../src/kernels/language.js";

export type TypedArray = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i16: Int16Array, i8: Int8Array, u8: Uint8Array } as const;

/** A typed array of the element type over part of a memory. */
export function viewOf(element: ElementType, memory: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  return new arrays[element](memory as ArrayBuffer, byteOffset, length);
}

/** What a buffer holds before the kernel runs: floats in [-4, 4), bytes of the whole range, integers in [-1000, 1000). */
export function fillValues(element: ElementType, index: number, length: number): TypedArray {
  const random = new RandomStream(7, index);
  const out = new arrays[element](length);
  for (let i = 0; i < length; i++) {
    if (element === "f32" || element === "f64") out[i] = random.between(-4, 4);
    else out[i] = element === "i32" || element === "i16" ? random.integer(2000) - 1000 : random.integer(256);
  }
  return out;
}

/** Byte offsets of buffers laid out one after the other from 0, each aligned to 16 bytes, and the sum of their sizes. */
export function layOut(kernel: Kernel, length: number): { offsets: number[]; bytes: number } {
  let bytes = 0;
  const offsets = kernel.buffers.map((b) => {
    const at = bytes;
    bytes += Math.ceil((length * elementBytes[b.element]) / 16) * 16;
    return at;
  });
  return { offsets, bytes };
}

/** Compiles the printed JavaScript over a memory. */
export function compileJavaScript(kernel: Kernel, memory: ArrayBufferLike): (...parameters: number[]) => void {
  const views = "const F32 = new Float32Array(memory), F64 = new Float64Array(memory), I32 = new Int32Array(memory), ";
  const narrow = "I16 = new Int16Array(memory), I8 = new Int8Array(memory), U8 = new Uint8Array(memory);";
  const source = `${views}${narrow}\n${javaScriptPrelude}\n${printJavaScript(kernel, "kernel")}\nreturn kernel;`;
  return new Function("memory", source)(memory) as (...parameters: number[]) => void;
}

/** Fills a memory for the kernel, runs it with `run` and returns the contents of its buffers. */
export function runWith(
  kernel: Kernel,
  length: number,
  memory: ArrayBufferLike,
  origin: number,
  run: (offsets: number[]) => void,
  fill: (element: ElementType, index: number, length: number) => TypedArray = fillValues,
): TypedArray[] {
  const { offsets } = layOut(kernel, length);
  const views = kernel.buffers.map((b, i) => viewOf(b.element, memory, origin + (offsets[i] as number), length));
  for (const [i, b] of kernel.buffers.entries()) (views[i] as TypedArray).set(fill(b.element, i, length));
  run(offsets);
  return views.map((v) => v.slice());
}

/** What the kernel, printed as JavaScript, makes of the filled buffers. */
export function runJavaScript(kernel: Kernel, length: number, fill = fillValues): TypedArray[] {
  const memory = new ArrayBuffer(layOut(kernel, length).bytes);
  const f = compileJavaScript(kernel, memory);
  return runWith(kernel, length, memory, 0, (offsets) => f(...offsets, 0, kernel.extent), fill);
}

/** First difference beyond the tolerance as text, or undefined. NaN equals NaN; 0 and -0 differ where the tolerance is 0. */
export function difference(expected: readonly TypedArray[], got: readonly TypedArray[], tolerance: number): string | undefined {
  for (const [b, list] of expected.entries()) {
    for (let i = 0; i < list.length; i++) {
      const x = list[i] as number;
      const y = (got[b] as TypedArray)[i] as number;
      if (!(Object.is(x, y) || Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(x)))) {
        if (x === y && tolerance > 0) continue;
        return `buffer ${b}, element ${i}: expected ${x}, got ${y}`;
      }
    }
  }
  return undefined;
}
