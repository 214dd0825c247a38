import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import type { CompiledModel, Environment, LiteRt } from "@litertjs/core";
import { UserError } from "../base/errors.js";
import { forBuiltinKernels } from "./tflite/builtin_kernels.js";
import { withFixedSizes } from "./tflite/fixed_sizes.js";

/** A tensor that a .tflite model takes or gives. */
export interface LiteRtTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** "float32", "int32", "uint8" or "int8". */
  readonly dtype: string;
}

export type LiteRtArray = Float32Array | Int32Array | Uint8Array | Int8Array;

/**
 * What computes 8-bit operators: XNNPACK, as LiteRT does by itself, whose rounding differs from TensorFlow Lite's reference kernels, or
 * LiteRT's own kernels, which are slower and hardly differ.
 */
export type LiteRtKernels = "xnnpack" | "builtin";

/** A .tflite model in Google's LiteRT runtime. */
export interface LiteRtModel {
  readonly inputs: readonly LiteRtTensor[];
  readonly outputs: readonly LiteRtTensor[];
  /** Runs the model on one array an input; gives one array an output. */
  run(inputs: readonly LiteRtArray[]): Promise<LiteRtArray[]>;
  close(): void;
}

/**
 * Loads a .tflite model into LiteRT (WebAssembly, single thread), which must be in this process only once and is
 * started at the first call.
 * @param file name for error messages
 * @throws UserError where LiteRT refuses the model, with what it said
 */
export async function openLiteRt(
  bytes: Uint8Array,
  file = "model.tflite",
  kernels: LiteRtKernels = "xnnpack",
): Promise<LiteRtModel> {
  if (String.fromCharCode(...bytes.subarray(4, 8)) !== "TFL3")
    throw new UserError(`${file}: is no .tflite file (TFL3 is missing at byte 4)`);
  const runtime = await startedRuntime();
  let model: CompiledModel;
  said.length = 0;
  try {
    const content = kernels === "builtin" ? forBuiltinKernels(bytes, file) : bytes;
    model = await runtime.loadAndCompile(withFixedSizes(content, file), { accelerator: "wasm" });
  } catch (error) {
    const why = reason(error);
    throw new UserError(`${file}: LiteRT refuses this model: ${why}${adviceOn(why)}`, { cause: error });
  }
  const opened = wrap(model, file);
  const free = [...opened.inputs, ...opened.outputs].find(({ shape }) => shape.some((n) => n < 1));
  if (free) {
    opened.close();
    const shape = free.shape.join(",");
    throw new UserError(
      `${file}: ${free.name} is [${shape}]; LiteRT in Node takes fixed sizes only: convert the model for a batch of 1`,
    );
  }
  return opened;
}

/** What LiteRT printed last; it goes into error messages instead of onto the terminal. */
const said: string[] = [];
/** Errors that it has printed. */
let errors = 0;

function keep(line: unknown): void {
  if (said.length > 200) said.splice(0, 100);
  said.push(String(line));
  if (String(line).startsWith("ERROR:")) errors++;
}

function reason(error: unknown): string {
  const lines = said.filter((line) => /error|fail|unsupported|not found|invalid/i.test(line)).slice(-3);
  return [error instanceof Error ? error.message : String(error), ...lines].join("; ");
}

/** LiteRT in JavaScript hands over no integers of 16 bits; inside a model they are fine. */
function adviceOn(why: string): string {
  if (!/element type INT16/i.test(why)) return "";
  return "; what it takes and gives must not have 16 bits: keep a stream's states in the file (--states resource), or quantize with --recurrent int8 --wide none";
}

function describe(details: ReturnType<CompiledModel["getInputDetails"]>): LiteRtTensor[] {
  return details.map((d) => ({ name: d.name, shape: [...d.shape], dtype: d.dtype }));
}

function wrap(model: CompiledModel, file: string): LiteRtModel {
  const inputs = describe(model.getInputDetails());
  const outputs = describe(model.getOutputDetails());
  let closed = false;
  return {
    inputs,
    outputs,
    run: async (values) => {
      checkInputs(values, inputs, file);
      const { Tensor } = await library();
      const tensors = values.map((v, i) => new Tensor(v as Float32Array, inputs[i].shape as number[]));
      const before = errors;
      try {
        const results = await model.run(tensors);
        const arrays = results.map((r) => r.toTypedArray() as LiteRtArray);
        for (const result of results) result.delete();
        // Where its kernels cannot prepare, it says so and gives what lies in memory.
        if (errors > before) throw new Error("it gives no results");
        return arrays;
      } catch (error) {
        throw new UserError(`${file}: LiteRT could not run this model: ${reason(error)}`, { cause: error });
      } finally {
        for (const tensor of tensors) if (!tensor.deleted) tensor.delete();
      }
    },
    close: () => {
      if (!closed) model.delete();
      closed = true;
    },
  };
}

function checkInputs(values: readonly LiteRtArray[], inputs: readonly LiteRtTensor[], file: string): void {
  if (values.length !== inputs.length) throw new UserError(`${file}: takes ${inputs.length} inputs, found ${values.length}`);
  inputs.forEach(({ name, shape }, i) => {
    const size = shape.reduce((product, n) => product * n, 1);
    if (values[i].length !== size) throw new UserError(`${file}: input ${name} takes ${size} numbers, found ${values[i].length}`);
  });
}

type Library = typeof import("@litertjs/core");
let loading: Promise<Library> | undefined;
let starting: Promise<LiteRt> | undefined;

function startedRuntime(): Promise<LiteRt> {
  starting ??= start();
  return starting;
}

/**
 * The library's module. Its table of element types lacks int8, although the runtime has it: the table is completed
 * while it is made, at the one place where it can be reached, Object.freeze.
 */
function library(): Promise<Library> {
  loading ??= (async () => {
    const freeze = Object.freeze;
    Object.freeze = ((value: unknown) => {
      if (isTypeTable(value)) value.push({ dtype: "int8", typedArrayConstructor: Int8Array, elementType: 9 });
      return freeze(value);
    }) as typeof Object.freeze;
    try {
      return await import("@litertjs/core");
    } finally {
      Object.freeze = freeze;
    }
  })();
  return loading;
}

function isTypeTable(value: unknown): value is unknown[] {
  return (
    Array.isArray(value) && (value[0] as { typedArrayConstructor?: unknown } | undefined)?.typedArrayConstructor === Float32Array
  );
}

/** What the loader of the library expects of a browser's worker. */
interface WorkerGlobals {
  self?: unknown;
  importScripts?: (url: string) => void;
  ModuleFactory?: unknown;
}

/**
 * The library is made for browsers. In Node its loader is given the two globals of a worker that it uses, for as
 * long as it loads: `self`, and `importScripts`, which runs the WebAssembly loader as a CommonJS module.
 */
async function start(): Promise<LiteRt> {
  const { loadLiteRt, Environment } = await library();
  const folder = join(dirname(fileURLToPath(import.meta.resolve("@litertjs/core"))), "..", "wasm");
  const globals = globalThis as WorkerGlobals;
  const before = { self: globals.self, importScripts: globals.importScripts };
  globals.self = globalThis;
  globals.importScripts = (url) => {
    globals.ModuleFactory = quietFactory(url, folder);
  };
  const warn = console.warn;
  // Without a GPU it warns on every start.
  console.warn = (...parts: unknown[]) => keep(parts.map(String).join(" "));
  try {
    const runtime = await loadLiteRt(`${folder}/`);
    const environment: Environment = await Environment.create({ webGpuDevice: null });
    runtime.setDefaultEnvironment(environment);
    return runtime;
  } catch (error) {
    starting = undefined;
    throw new UserError(`LiteRT does not start here: ${reason(error)}`, { cause: error });
  } finally {
    console.warn = warn;
    for (const key of ["self", "importScripts"] as const) {
      if (before[key] === undefined) delete globals[key];
      else globals[key] = before[key] as never;
    }
  }
}

type Factory = (options: Record<string, unknown>) => Promise<unknown>;

function quietFactory(path: string, folder: string): Factory {
  const module = { exports: {} as unknown };
  const require = createRequire(path);
  const source = readFileSync(path, "utf8");
  const run = compileFunction(
    `${source}\n;return typeof ModuleFactory === "function" ? ModuleFactory : module.exports;`,
    ["module", "exports", "require", "__filename", "__dirname"],
    { filename: path },
  );
  const factory = run(module, module.exports, require, path, folder) as Factory;
  return (options) => factory({ ...options, print: keep, printErr: keep, locateFile: (name: string) => join(folder, name) });
}
